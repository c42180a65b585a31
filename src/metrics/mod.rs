//! Metrics of plain slices of truths and probabilities. A checkpoint, an exported file and a CSV are scored by the same
//! code.
//!
//! Every metric agrees with scikit-learn to 1e-9 (`tests/reference/metrics.py`). Conventions:
//!
//! * The predicted class is the argmax; ties go to the first class. `accuracy` and everything derived from the
//!   confusion matrix use it.
//! * Top-k ties go to the *last* class, as in scikit-learn.
//! * 0/0 is 0 (`zero_division=0`): the precision of a class that is never predicted is 0.
//! * Balanced accuracy is the mean recall of the classes that occur in the truth. Macro and weighted averages run over
//!   the classes that occur in the truth or among the predictions.
//! * AUC is one class against the rest; equal scores count half. `macro_auc` is the unweighted mean over all
//!   classes, and is defined only if all their AUCs are.
//! * Melanoma against nevus scores the images of these two diagnoses by p_mel / (p_mel + p_nv).
//! * Log loss uses the natural logarithm and probabilities clipped to [ε, 1 − ε], ε = 2⁻⁵².
//!
//! Undefined metrics are `None` (`null` in JSON):
//!
//! * recall, AUC, average precision and melanoma recall if no image has the class;
//! * precision and F1 if, in addition, no image is predicted as the class;
//! * specificity and AUC if every image has the class;
//! * macro averages of AUC and average precision if they are undefined for any class;
//! * everything if there are no images.

#[cfg(test)]
mod analysis_tests;
pub mod binary;
pub mod bootstrap;
pub mod calibration;
pub mod comparison;
pub mod confusion;
pub mod counts;
pub mod decision_metrics;
pub mod decisions;
pub mod default_decision;
pub mod isic;
pub mod melanoma;
pub mod operating_points;
pub mod predictions;
pub mod ranking;
pub mod report;
pub mod selective;
pub mod subgroups;
pub mod submission;
#[cfg(test)]
pub(crate) mod tests;
pub mod weighted;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::classes::{MELANOMA, ham10000};
use crate::probabilities::Probabilities;
use crate::{Class, ClassList};

use self::binary::Binary;

pub use self::confusion::Confusion;
pub use self::predictions::Predictions;
pub use self::report::classification_report;

/// All metrics of some predictions; serialized as the top level of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The classes. Files of older versions, which do not tell, have those of HAM10000.
    #[serde(default = "ham10000")]
    pub classes: ClassList,
    /// Number of images.
    pub n: usize,
    /// Share of images whose predicted class is the truth, 0–1.
    pub accuracy: Option<f64>,
    /// Share of images whose truth is among the two classes with the highest probabilities; `None` for two classes,
    /// where it is always 1.
    pub top2_accuracy: Option<f64>,
    /// Share of images whose truth is among the three classes with the highest probabilities; `None` for up to three
    /// classes.
    pub top3_accuracy: Option<f64>,
    /// Mean recall of the classes in the truth.
    pub balanced_accuracy: Option<f64>,
    /// Mean F1 of the classes in the truth or among the predictions.
    pub macro_f1: Option<f64>,
    /// Mean F1, weighted by the images of each class.
    pub weighted_f1: Option<f64>,
    /// Mean AUC of all classes.
    pub macro_auc: Option<f64>,
    /// Mean average precision of all classes.
    pub macro_average_precision: Option<f64>,
    /// Mean negative natural logarithm of the truth's probability.
    pub log_loss: Option<f64>,
    /// Highest sensitivity for melanoma at a specificity of at least .90 (the ROC curve's highest true positive rate at
    /// a false positive rate of at most .10).
    #[serde(default)]
    pub melanoma_sensitivity_at_90_specificity: Option<f64>,
    /// AUC of melanoma against nevus, over the images of these two diagnoses: p_mel / (p_mel + p_nv).
    #[serde(default)]
    pub melanoma_nevus_auc: Option<f64>,
    /// Images by truth (rows) and predicted class (columns), in class order.
    pub confusion_matrix: Vec<Vec<usize>>,
    /// Each class against the rest, by code in class order.
    pub per_class: IndexMap<String, ClassMetrics>,
}

/// What the name of a watched class's recall starts with.
pub const RECALL: &str = "recall_";

/// The metrics of one class against the rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Share of the images predicted as this class that have it.
    pub precision: Option<f64>,
    /// Share of the images of this class that are predicted as it (sensitivity).
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Number of images of this class.
    pub support: usize,
    /// Share of the images of other classes that are not predicted as this one.
    pub specificity: Option<f64>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Average precision ([`binary::Binary::average_precision`]).
    pub average_precision: Option<f64>,
}

impl Metrics {
    /// The names that [`Metrics::get`] accepts: the metrics that a checkpoint can be selected by.
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
        "melanoma_sensitivity_at_90_specificity",
        "melanoma_nevus_auc",
    ];

    /// A metric by name; `None` if it is undefined or the name is unknown.
    pub fn get(&self, name: &str) -> Option<f64> {
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
            "melanoma_recall" => self.melanoma()?.recall,
            "melanoma_specificity" => self.melanoma()?.specificity,
            "melanoma_sensitivity_at_90_specificity" => self.melanoma_sensitivity_at_90_specificity,
            "melanoma_nevus_auc" => self.melanoma_nevus_auc,
            _ => self.per_class.get(name.strip_prefix(RECALL)?)?.recall,
        }
    }

    /// The confusion matrix.
    pub fn confusion(&self) -> Confusion {
        Confusion::of(self.classes, &self.confusion_matrix)
    }

    fn melanoma(&self) -> Option<&ClassMetrics> {
        MELANOMA.iter().find_map(|&code| self.per_class.get(code))
    }

    /// The names of the metrics that a list of classes has: those of [`Metrics::NAMES`] that apply, then `recall_CODE`
    /// of the watched classes but melanoma.
    pub fn names(classes: ClassList) -> Vec<String> {
        let applies = |name: &&&str| match **name {
            "melanoma_nevus_auc" => classes.melanoma().is_some() && classes.nevus().is_some(),
            "top2_accuracy" => classes.len() > 2,
            "top3_accuracy" => classes.len() > 3,
            name => !name.starts_with("melanoma_") || classes.melanoma().is_some(),
        };
        let others = (classes.watched()).filter(|&class| Some(class) != classes.melanoma());
        (Self::NAMES.iter().filter(applies))
            .map(|name| (*name).to_owned())
            .chain(others.map(|class| format!("{RECALL}{class}")))
            .collect()
    }

    /// The defined metrics of [`Metrics::NAMES`] by name, as stored in checkpoint metadata.
    pub fn to_map(&self) -> BTreeMap<String, f64> {
        let names = Self::NAMES.iter();
        names
            .filter_map(|&name| Some((name.to_owned(), self.get(name)?)))
            .collect()
    }

    /// The reasons for undefined metrics, by their path in `metrics.json`.
    pub fn undefined(&self) -> BTreeMap<String, String> {
        let mut reasons = BTreeMap::new();
        let undefined_for = |metric: fn(&ClassMetrics) -> Option<f64>| {
            let lacking = self.per_class.iter().filter(|(_, c)| metric(c).is_none());
            let codes: Vec<&str> = lacking.map(|(class, _)| class.as_str()).collect();
            codes.join(", ")
        };
        // These two are listed under `per_class`.
        let of_class = ["melanoma_recall", "melanoma_specificity"];
        let overall = (Self::names(self.classes).into_iter())
            .filter(|name| !of_class.contains(&name.as_str()) && !name.starts_with(RECALL));
        for name in overall.filter(|name| self.get(name).is_none()) {
            let reason = match (self.n, name.as_str()) {
                (0, _) => "there are no images".to_owned(),
                (_, "melanoma_sensitivity_at_90_specificity") => {
                    "it needs images of melanoma and of other classes".to_owned()
                }
                (_, "melanoma_nevus_auc") => "it needs images of melanoma and of nevus".to_owned(),
                (_, "macro_auc") => format!("no AUC of {}", undefined_for(|c| c.auc)),
                _ => format!(
                    "no average precision of {}",
                    undefined_for(|c| c.average_precision)
                ),
            };
            reasons.insert(name, reason);
        }
        for (class, metrics) in &self.per_class {
            let all_have_it = metrics.support == self.n && self.n > 0;
            for (name, value, reason) in [
                (
                    "precision",
                    metrics.precision,
                    "no image has or was given this class",
                ),
                ("recall", metrics.recall, "no image has this class"),
                ("f1", metrics.f1, "no image has or was given this class"),
                (
                    "specificity",
                    metrics.specificity,
                    if self.n == 0 {
                        "there are no images"
                    } else {
                        "every image has this class"
                    },
                ),
                (
                    "auc",
                    metrics.auc,
                    if all_have_it {
                        "every image has this class"
                    } else {
                        "no image has this class"
                    },
                ),
                (
                    "average_precision",
                    metrics.average_precision,
                    "no image has this class",
                ),
            ] {
                if value.is_none() {
                    reasons.insert(format!("per_class.{class}.{name}"), reason.to_owned());
                }
            }
        }
        reasons
    }
}

/// Computes all metrics of a list of classes. `probabilities[i]` are those of the image whose diagnosis is `truths[i]`.
/// Without images every metric is `None`.
pub fn score(classes: ClassList, truths: &[Class], probabilities: &[Probabilities]) -> Metrics {
    let predicted = probabilities.iter().map(Probabilities::argmax);
    let confusion = Confusion::count(classes, truths.iter().copied().zip(predicted));
    let of_class = |class: Class| {
        let metrics = score_class(class, &confusion, truths, probabilities);
        (class.code().to_owned(), metrics)
    };
    let per_class: IndexMap<_, _> = classes.iter().map(of_class).collect();
    let macro_average = |metric: fn(&ClassMetrics) -> Option<f64>| {
        let values: Option<Vec<f64>> = per_class.values().map(metric).collect();
        values.and_then(|values| confusion::mean(values.into_iter()))
    };
    let top_k_accuracy = |k: usize| {
        let applies = classes.len() > k;
        applies.then(|| ranking::top_k_accuracy(truths, probabilities, k))?
    };
    Metrics {
        classes,
        n: truths.len(),
        accuracy: confusion.accuracy(),
        top2_accuracy: top_k_accuracy(2),
        top3_accuracy: top_k_accuracy(3),
        balanced_accuracy: confusion.balanced_accuracy(),
        macro_f1: confusion.macro_f1(),
        weighted_f1: confusion.weighted_f1(),
        macro_auc: macro_average(|class| class.auc),
        macro_average_precision: macro_average(|class| class.average_precision),
        log_loss: ranking::log_loss(truths, probabilities),
        melanoma_sensitivity_at_90_specificity: classes.melanoma().and_then(|melanoma| {
            Binary::any_of(&[melanoma], truths, probabilities)
                .sensitivity_at_specificity(melanoma::SPECIFICITY)
        }),
        melanoma_nevus_auc: melanoma::against_nevus(classes, truths, probabilities)
            .and_then(|binary| binary.auc()),
        confusion_matrix: confusion.counts,
        per_class,
    }
}

fn score_class(
    class: Class,
    confusion: &Confusion,
    truths: &[Class],
    probabilities: &[Probabilities],
) -> ClassMetrics {
    let binary = Binary::any_of(&[class], truths, probabilities);
    let support = confusion.support(class);
    let occurs = support + confusion.predicted(class) > 0;
    ClassMetrics {
        precision: occurs.then(|| confusion.precision(class)),
        recall: (support > 0).then(|| confusion.recall(class)),
        f1: occurs.then(|| confusion.f1(class)),
        support,
        specificity: (support < confusion.total()).then(|| confusion.specificity(class)),
        auc: binary.auc(),
        average_precision: binary.average_precision(),
    }
}
