//! Binary classification at one threshold: the counts and the metrics that follow from them.

use serde::{Deserialize, Serialize};

/// The 2 × 2 confusion matrix at a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Positive, predicted positive.
    pub true_positives: usize,
    /// Negative, predicted positive.
    pub false_positives: usize,
    /// Positive, predicted negative: missed.
    pub false_negatives: usize,
    /// Negative, predicted negative.
    pub true_negatives: usize,
}

impl Counts {
    /// Adds the counts of other images.
    pub fn add(&mut self, other: Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.false_negatives += other.false_negatives;
        self.true_negatives += other.true_negatives;
    }

    /// Number of images.
    pub fn total(&self) -> usize {
        self.predicted_positive() + self.false_negatives + self.true_negatives
    }

    /// Number of images predicted positive.
    pub fn predicted_positive(&self) -> usize {
        self.true_positives + self.false_positives
    }

    /// Sensitivity (recall), TP / (TP + FN); `None` without positives.
    pub fn sensitivity(&self) -> Option<f64> {
        share(
            self.true_positives,
            self.true_positives + self.false_negatives,
        )
    }

    /// Specificity, TN / (TN + FP); `None` without negatives.
    pub fn specificity(&self) -> Option<f64> {
        share(
            self.true_negatives,
            self.true_negatives + self.false_positives,
        )
    }

    /// Precision (positive predictive value), TP / (TP + FP); `None` if no image is predicted positive.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.predicted_positive())
    }

    /// Negative predictive value, TN / (TN + FN); `None` if all images are predicted positive.
    pub fn negative_predictive_value(&self) -> Option<f64> {
        share(
            self.true_negatives,
            self.true_negatives + self.false_negatives,
        )
    }

    /// Accuracy, (TP + TN) / all; `None` without images.
    pub fn accuracy(&self) -> Option<f64> {
        share(self.true_positives + self.true_negatives, self.total())
    }

    /// Number needed to refer, (TP + FP) / TP: patients referred for each cancer found. `None` without true positives.
    pub fn number_needed_to_refer(&self) -> Option<f64> {
        share(self.predicted_positive(), self.true_positives)
    }

    /// Net benefit in true positives per image: TP / n − FP / n × odds of the threshold (Vickers & Elkin 2006).
    /// `None` without images, and for threshold probabilities of 1 or more.
    pub fn net_benefit(&self, threshold: f64) -> Option<f64> {
        let odds = threshold / (1.0 - threshold);
        let gain = self.true_positives as f64 - self.false_positives as f64 * odds;
        (self.total() > 0 && threshold < 1.0).then(|| gain / self.total() as f64)
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
