//! The figures that the ISIC challenges rank and list networks by (task 3 of 2018).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::binary::Binary;
use super::{Confusion, ranking};
use crate::Diagnosis;
use crate::probabilities::Probabilities;

/// ISIC's figures for some predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Isic {
    /// Mean recall of the classes in the truth: what 2018's task 3 was ranked by.
    pub balanced_accuracy: Option<f64>,
    /// Each class against the rest.
    pub per_class: BTreeMap<Diagnosis, IsicClass>,
}

/// ISIC's figures for one class against the rest: those of thresholds at a probability above one half, then those
/// of all thresholds. A quotient of nothing by nothing is `None`, where ISIC's program counts it as 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IsicClass {
    /// Of the images of the class, the share with more than one half.
    pub sensitivity: Option<f64>,
    /// Of the other images, the share without.
    pub specificity: Option<f64>,
    /// Of the images with more than one half, the share that have the class.
    pub ppv: Option<f64>,
    /// Of the others, the share that have it not.
    pub npv: Option<f64>,
    /// The share predicted_positive rightly so.
    pub accuracy: Option<f64>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Area under its part with at least 80 % sensitivity, not rescaled ([`Binary::auc_above_sensitivity`]).
    pub auc_above_80_sensitivity: Option<f64>,
    /// Average precision ([`Binary::average_precision`]).
    pub average_precision: Option<f64>,
}

/// The sensitivity from which ISIC counts a partial area.
const LEAST_SENSITIVITY: f64 = 0.8;

/// ISIC's figures.
pub fn score(truths: &[Diagnosis], probabilities: &[Probabilities]) -> Isic {
    let predicted = probabilities.iter().map(ranking::likeliest);
    let confusion = Confusion::count(truths.iter().copied().zip(predicted));
    let of_class = |class| {
        let binary = Binary::any_of(&[class], truths, probabilities);
        // Above one half, not from one half on.
        let counts = binary.at(0.5_f64.next_up());
        let figures = IsicClass {
            sensitivity: counts.sensitivity(),
            specificity: counts.specificity(),
            ppv: counts.precision(),
            npv: counts.negative_predictive_value(),
            accuracy: counts.accuracy(),
            auc: ranking::auc(truths, probabilities, class),
            auc_above_80_sensitivity: binary.auc_above_sensitivity(LEAST_SENSITIVITY),
            average_precision: binary.average_precision(),
        };
        (class, figures)
    };
    Isic {
        balanced_accuracy: confusion.balanced_accuracy(),
        per_class: Diagnosis::ALL.into_iter().map(of_class).collect(),
    }
}
