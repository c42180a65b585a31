//! Melanoma in the two forms in which other studies report it: sensitivity at a fixed specificity, and against nevi only.

use super::binary::Binary;
use crate::Diagnosis;
use crate::probabilities::Probabilities;

/// The specificity of `melanoma_sensitivity_at_90_specificity`.
pub const SPECIFICITY: f64 = 0.90;

/// Melanoma against nevus, over the images of these two diagnoses. Most external test sets have no others.
pub fn against_nevus(truths: &[Diagnosis], probabilities: &[Probabilities]) -> Binary {
    let pairs = truths.iter().zip(probabilities);
    let scored = pairs.filter_map(|(&truth, row)| Some((nevus_score(row), is_melanoma(truth)?)));
    Binary::new(scored)
}

/// The score of melanoma against nevus: p_mel / (p_mel + p_nv); ½ if both are 0.
pub(super) fn nevus_score(row: &Probabilities) -> f64 {
    let [melanoma, nevus] = [Diagnosis::Mel, Diagnosis::Nv].map(|class| row[class.index()]);
    match melanoma + nevus {
        0.0 => 0.5,
        sum => melanoma / sum,
    }
}

/// Whether an image of a melanoma or a nevus shows a melanoma; `None` for other diagnoses.
pub(super) fn is_melanoma(truth: Diagnosis) -> Option<bool> {
    match truth {
        Diagnosis::Mel => Some(true),
        Diagnosis::Nv => Some(false),
        _ => None,
    }
}
