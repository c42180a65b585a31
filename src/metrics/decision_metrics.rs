//! Metrics of the named class, for each decision rule.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::bootstrap::Intervals;
use super::decisions::{DecisionRule, Decisions};
use super::{Metrics, Predictions};

/// The metrics of both rules; the key `decisions` of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionAnalysis {
    /// The rule that the network uses by default.
    pub default: DecisionRule,
    /// The class with the largest probability; these metrics are also at the top level of the file.
    pub likeliest: DecisionMetrics,
    /// Logit adjustment; `None` if τ was not fitted.
    pub balanced: Option<DecisionMetrics>,
}

/// The metrics of one rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionMetrics {
    /// The exponents τ that were used: none for the likeliest class; one of a network; one a fold in cross-validation,
    /// fitted on the other folds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tau: Vec<f64>,
    /// Share of images whose named class is the truth.
    pub accuracy: Option<f64>,
    /// Mean recall of the classes in the truth.
    pub balanced_accuracy: Option<f64>,
    /// Mean F1 of the classes in the truth or among the named ones.
    pub macro_f1: Option<f64>,
    /// Recall of melanoma.
    pub melanoma_recall: Option<f64>,
    /// The 95 % intervals of these four, by name.
    pub intervals: Intervals,
    /// Each class, by code in class order.
    pub per_class: IndexMap<String, ClassDecision>,
    /// Images by truth (rows) and named class (columns), in class order.
    pub confusion_matrix: Vec<Vec<usize>>,
}

/// One class under a rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassDecision {
    /// Share of the images of this class that are named as it.
    pub recall: Option<f64>,
    /// Share of the images named as this class that have it.
    pub precision: Option<f64>,
}

/// The metrics that a rule has, by name.
pub const NAMES: [&str; 4] = [
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "melanoma_recall",
];

/// A metric's name in words.
pub fn words(name: &str) -> String {
    name.replace('_', " ").replace("f1", "F1")
}

impl DecisionAnalysis {
    /// The metrics of the rules of a network, whose balanced rule has already named a class for each image.
    pub fn new(predictions: &Predictions, decisions: &Decisions) -> Self {
        let tau = decisions.balanced.iter().map(|balanced| balanced.tau);
        Self {
            default: decisions.default,
            likeliest: DecisionMetrics::likeliest(predictions),
            balanced: DecisionMetrics::balanced(predictions, tau.collect()),
        }
    }
}

impl DecisionMetrics {
    /// The metrics of the likeliest class.
    pub fn likeliest(predictions: &Predictions) -> Self {
        Self::of_argmax(predictions, Vec::new())
    }

    /// The metrics of [`Predictions::balanced`]; `None` if it is empty.
    pub fn balanced(predictions: &Predictions, tau: Vec<f64>) -> Option<Self> {
        let named = || predictions.naming(predictions.balanced.iter().copied());
        predictions
            .has_balanced()
            .then(|| Self::of_argmax(&named(), tau))
    }

    fn of_argmax(predictions: &Predictions, tau: Vec<f64>) -> Self {
        let metrics = predictions.score();
        let mut intervals = predictions.intervals();
        intervals.retain(|name, _| NAMES.contains(&name.as_str()));
        let melanoma_recall = metrics.get("melanoma_recall");
        let Metrics {
            accuracy,
            balanced_accuracy,
            macro_f1,
            confusion_matrix,
            per_class,
            ..
        } = metrics;
        Self {
            tau,
            accuracy,
            balanced_accuracy,
            macro_f1,
            melanoma_recall,
            intervals,
            per_class: (per_class.into_iter())
                .map(|(class, of_class)| {
                    let (recall, precision) = (of_class.recall, of_class.precision);
                    (class, ClassDecision { recall, precision })
                })
                .collect(),
            confusion_matrix,
        }
    }

    /// A metric by name, one of [`NAMES`].
    pub fn get(&self, name: &str) -> Option<f64> {
        match name {
            "accuracy" => self.accuracy,
            "balanced_accuracy" => self.balanced_accuracy,
            "macro_f1" => self.macro_f1,
            "melanoma_recall" => self.melanoma_recall,
            _ => None,
        }
    }
}
