//! Metrics of the ranking of probabilities: argmax, top-k accuracy, AUC, log loss.

use super::confusion::{mean, ratio};
use crate::Class;
use crate::probabilities::Probabilities;

/// Share of images whose truth is among the `k` classes with the highest probabilities; `None` without images.
///
/// Ties go to the *last* class, as in scikit-learn's `top_k_accuracy_score`.
pub fn top_k_accuracy(truths: &[Class], probabilities: &[Probabilities], k: usize) -> Option<f64> {
    let is_hit = |(truth, row): (&Class, &Probabilities)| {
        let own = row[truth.index()];
        let before = row.classes().iter().filter(|other| {
            let p = row[other.index()];
            p > own || (p == own && other > truth)
        });
        before.count() < k
    };
    let hits = truths
        .iter()
        .zip(probabilities)
        .filter(|&pair| is_hit(pair))
        .count();
    (!truths.is_empty()).then(|| ratio(hits, truths.len()))
}

/// Area under the ROC curve (the Mann–Whitney statistic), accumulated over groups of equal scores, highest score first.
///
/// It is the share of pairs of a positive and a negative image in which the positive one has the higher score; equal
/// scores count half. Pairs are counted in integers, so the order of the images cannot change the result.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RocAuc {
    /// Twice the number of pairs ranked correctly.
    concordant_twice: u64,
    positives: u64,
    negatives: u64,
}

impl RocAuc {
    /// Adds a group of images with equal scores, lower than all scores before.
    pub fn add(&mut self, positives: u64, negatives: u64) {
        self.concordant_twice += negatives * (2 * self.positives + positives);
        self.positives += positives;
        self.negatives += negatives;
    }

    /// As [`RocAuc::add`], with cumulative counts that include the group.
    pub fn extend_to(&mut self, positives: u64, negatives: u64) {
        self.add(positives - self.positives, negatives - self.negatives);
    }

    /// Number of positive images so far.
    pub fn positives(&self) -> u64 {
        self.positives
    }

    /// Number of images so far.
    pub fn total(&self) -> u64 {
        self.positives + self.negatives
    }

    /// The area; `None` unless there are positives and negatives.
    pub fn value(&self) -> Option<f64> {
        let pairs = self.positives * self.negatives;
        (pairs > 0).then(|| self.concordant_twice as f64 / (2 * pairs) as f64)
    }
}

/// Mean negative natural logarithm of the truth's probability, clipped to [ε, 1 - ε] with ε = 2⁻⁵²;
/// `None` without images.
pub fn log_loss(truths: &[Class], probabilities: &[Probabilities]) -> Option<f64> {
    let losses = truths.iter().zip(probabilities).map(|(truth, row)| {
        -row[truth.index()]
            .clamp(f64::EPSILON, 1.0 - f64::EPSILON)
            .ln()
    });
    mean(losses)
}
