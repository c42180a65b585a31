//! Figures that need the probabilities themselves, not only the likeliest class.

use super::confusion::{mean, ratio};
use crate::Diagnosis;
use crate::probabilities::Probabilities;

/// The likeliest class; of equal ones the first.
pub fn likeliest(probabilities: &Probabilities) -> Diagnosis {
    let mut best = Diagnosis::ALL[0];
    for class in Diagnosis::ALL {
        if probabilities[class.index()] > probabilities[best.index()] {
            best = class;
        }
    }
    best
}

/// Share of images whose truth is among the `k` likeliest classes; `None` without images.
///
/// Of equal probabilities the last class comes first, as in scikit-learn's `top_k_accuracy_score`.
pub fn top_k_accuracy(
    truths: &[Diagnosis],
    probabilities: &[Probabilities],
    k: usize,
) -> Option<f64> {
    let is_hit = |(truth, row): (&Diagnosis, &Probabilities)| {
        let own = row[truth.index()];
        let before = Diagnosis::ALL.iter().filter(|other| {
            let p = row[other.index()];
            p > own || (p == own && *other > truth)
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

/// Area under the ROC curve of one class against the rest: how often an image that has the class scores
/// higher for it than one that has not, equal scores counting half (Mann–Whitney).
/// `None` if all images have the class or none has.
pub fn auc(truths: &[Diagnosis], probabilities: &[Probabilities], class: Diagnosis) -> Option<f64> {
    let mut scored: Vec<(f64, bool)> = truths
        .iter()
        .zip(probabilities)
        .map(|(&truth, row)| (row[class.index()], truth == class))
        .collect();
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // Twice the number of pairs won, in whole numbers, so that the order of the images cannot matter.
    let (mut won_twice, mut positives, mut negatives) = (0_u64, 0_u64, 0_u64);
    for equal in scored.chunk_by(|a, b| a.0 == b.0) {
        let with = equal.iter().filter(|(_, has_class)| *has_class).count() as u64;
        let without = equal.len() as u64 - with;
        won_twice += with * (2 * negatives + without);
        positives += with;
        negatives += without;
    }
    let pairs = positives * negatives;
    (pairs > 0).then(|| won_twice as f64 / (2 * pairs) as f64)
}

/// Mean negative natural logarithm of the truth's probability, clipped to [ε, 1 - ε] with ε = 2⁻⁵²;
/// `None` without images.
pub fn log_loss(truths: &[Diagnosis], probabilities: &[Probabilities]) -> Option<f64> {
    let losses = truths.iter().zip(probabilities).map(|(truth, row)| {
        -row[truth.index()]
            .clamp(f64::EPSILON, 1.0 - f64::EPSILON)
            .ln()
    });
    mean(losses)
}
