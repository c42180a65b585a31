//! The metrics of the ISIC 2018 challenge (task 3).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::Confusion;
use super::binary::Binary;
use crate::probabilities::Probabilities;
use crate::{Class, ClassList};

/// ISIC's metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Isic {
    /// Mean recall of the classes in the truth, the ranking metric of task 3 of 2018.
    pub balanced_accuracy: Option<f64>,
    /// Each class against the rest, by code in class order.
    pub per_class: IndexMap<String, IsicClass>,
}

/// ISIC's metrics of one class against the rest. The first five use a threshold: positive is a probability above ½. The
/// others integrate over all thresholds. 0/0 is `None`; ISIC's scoring program counts it as 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IsicClass {
    /// Sensitivity at ½.
    pub sensitivity: Option<f64>,
    /// Specificity at ½.
    pub specificity: Option<f64>,
    /// Positive predictive value at ½.
    pub ppv: Option<f64>,
    /// Negative predictive value at ½.
    pub npv: Option<f64>,
    /// Accuracy at ½.
    pub accuracy: Option<f64>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Area under the ROC curve above 80 % sensitivity, not rescaled ([`Binary::auc_above_sensitivity`]).
    pub auc_above_80_sensitivity: Option<f64>,
    /// Average precision ([`Binary::average_precision`]).
    pub average_precision: Option<f64>,
}

/// The minimum sensitivity of ISIC's partial AUC.
const MIN_SENSITIVITY: f64 = 0.8;

/// Computes ISIC's metrics.
pub fn score(classes: ClassList, truths: &[Class], probabilities: &[Probabilities]) -> Isic {
    let predicted = probabilities.iter().map(Probabilities::argmax);
    let confusion = Confusion::count(classes, truths.iter().copied().zip(predicted));
    let of_class = |class: Class| {
        let binary = Binary::any_of(&[class], truths, probabilities);
        // Strictly above ½.
        let counts = binary.at(0.5_f64.next_up());
        let metrics = IsicClass {
            sensitivity: counts.sensitivity(),
            specificity: counts.specificity(),
            ppv: counts.precision(),
            npv: counts.negative_predictive_value(),
            accuracy: counts.accuracy(),
            auc: binary.auc(),
            auc_above_80_sensitivity: binary.auc_above_sensitivity(MIN_SENSITIVITY),
            average_precision: binary.average_precision(),
        };
        (class.code().to_owned(), metrics)
    };
    Isic {
        balanced_accuracy: confusion.balanced_accuracy(),
        per_class: classes.iter().map(of_class).collect(),
    }
}
