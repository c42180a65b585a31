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
//! A figure that the images cannot define is `None`, in JSON `null`: recall, AUC, average precision and melanoma recall
//! where the truth lacks the class, a class's precision and F1 where the predictions lack it too, specificity and AUC
//! where every image has the class, macro averages of the two where any class lacks them, everything where there are no
//! images.

#[cfg(test)]
mod analysis_tests;
pub mod binary;
pub mod bootstrap;
pub mod calibration;
pub mod comparison;
pub mod confusion;
pub mod isic;
pub mod operating_points;
pub mod predictions;
pub mod ranking;
pub mod report;
pub mod selective;
pub mod subgroups;
#[cfg(test)]
pub(crate) mod tests;
pub mod weighted;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Diagnosis;
use crate::probabilities::Probabilities;

use self::binary::Binary;

pub use self::confusion::Confusion;
pub use self::predictions::Predictions;
pub use self::report::classification_report;

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
    /// Mean average precision of all seven classes.
    pub macro_average_precision: Option<f64>,
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
    /// Of the images that have another class, the share not given this one.
    pub specificity: Option<f64>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Average precision ([`binary::Binary::average_precision`]).
    pub average_precision: Option<f64>,
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
        "macro_average_precision",
        "log_loss",
        "melanoma_recall",
        "melanoma_specificity",
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
            "macro_average_precision" => self.macro_average_precision,
            "log_loss" => self.log_loss,
            "melanoma_recall" => self.per_class.get(&Diagnosis::Mel)?.recall,
            "melanoma_specificity" => self.per_class.get(&Diagnosis::Mel)?.specificity,
            _ => None,
        }
    }

    /// The defined figures of [`Metrics::NAMES`] by name, as a checkpoint keeps them.
    pub fn defined(&self) -> BTreeMap<String, f64> {
        let names = Self::NAMES.iter();
        names
            .filter_map(|&name| Some((name.to_owned(), self.named(name)?)))
            .collect()
    }

    /// The figures that are `None`, by their place in `metrics.json`, and why.
    pub fn undefined(&self) -> BTreeMap<String, String> {
        let mut reasons = BTreeMap::new();
        let lacking = |figure: fn(&ClassMetrics) -> Option<f64>| {
            let absent = self.per_class.iter().filter(|(_, c)| figure(c).is_none());
            let codes: Vec<&str> = absent.map(|(class, _)| class.code()).collect();
            codes.join(", ")
        };
        // What is of melanoma alone has its place among the classes.
        let of_all = Self::NAMES
            .iter()
            .filter(|name| !name.starts_with("melanoma_"));
        for name in of_all.filter(|name| self.named(name).is_none()) {
            let reason = match (self.n, *name) {
                (0, _) => "there are no images".to_owned(),
                (_, "macro_auc") => format!("no AUC of {}", lacking(|c| c.auc)),
                _ => format!(
                    "no average precision of {}",
                    lacking(|c| c.average_precision)
                ),
            };
            reasons.insert((*name).to_owned(), reason);
        }
        for (class, figures) in &self.per_class {
            let all_have_it = figures.support == self.n && self.n > 0;
            for (name, figure, reason) in [
                (
                    "precision",
                    figures.precision,
                    "no image has or was given this class",
                ),
                ("recall", figures.recall, "no image has this class"),
                ("f1", figures.f1, "no image has or was given this class"),
                (
                    "specificity",
                    figures.specificity,
                    if self.n == 0 {
                        "there are no images"
                    } else {
                        "every image has this class"
                    },
                ),
                (
                    "auc",
                    figures.auc,
                    if all_have_it {
                        "every image has this class"
                    } else {
                        "no image has this class"
                    },
                ),
                (
                    "average_precision",
                    figures.average_precision,
                    "no image has this class",
                ),
            ] {
                if figure.is_none() {
                    reasons.insert(format!("per_class.{class}.{name}"), reason.to_owned());
                }
            }
        }
        reasons
    }
}

/// Scores predictions: `probabilities[i]` are those of the image whose diagnosis is `truths[i]`.
/// With no images every figure is `None`.
pub fn score(truths: &[Diagnosis], probabilities: &[Probabilities]) -> Metrics {
    let predicted = probabilities.iter().map(ranking::likeliest);
    let confusion = Confusion::count(truths.iter().copied().zip(predicted));
    let per_class: BTreeMap<_, _> = Diagnosis::ALL
        .into_iter()
        .map(|class| (class, score_class(class, &confusion, truths, probabilities)))
        .collect();
    let mean_of = |figure: fn(&ClassMetrics) -> Option<f64>| {
        let figures: Option<Vec<f64>> = per_class.values().map(figure).collect();
        figures.and_then(|figures| confusion::mean(figures.into_iter()))
    };
    Metrics {
        n: truths.len(),
        accuracy: confusion.accuracy(),
        top2_accuracy: ranking::top_k_accuracy(truths, probabilities, 2),
        top3_accuracy: ranking::top_k_accuracy(truths, probabilities, 3),
        balanced_accuracy: confusion.balanced_accuracy(),
        macro_f1: confusion.macro_f1(),
        weighted_f1: confusion.weighted_f1(),
        macro_auc: mean_of(|class| class.auc),
        macro_average_precision: mean_of(|class| class.average_precision),
        log_loss: ranking::log_loss(truths, probabilities),
        confusion_matrix: confusion.counts,
        per_class,
    }
}

fn score_class(
    class: Diagnosis,
    confusion: &Confusion,
    truths: &[Diagnosis],
    probabilities: &[Probabilities],
) -> ClassMetrics {
    let support = confusion.support(class);
    let occurs = support + confusion.predicted(class) > 0;
    ClassMetrics {
        precision: occurs.then(|| confusion.precision(class)),
        recall: (support > 0).then(|| confusion.recall(class)),
        f1: occurs.then(|| confusion.f1(class)),
        support,
        specificity: (support < confusion.total()).then(|| confusion.specificity(class)),
        auc: ranking::auc(truths, probabilities, class),
        average_precision: Binary::any_of(&[class], truths, probabilities).average_precision(),
    }
}
