//! The output of a classifier: one probability per class.

use crate::Diagnosis;

/// Seven probabilities in class order, which sum to 1.
pub type Probabilities = [f64; Diagnosis::COUNT];

/// The diagnoses and their probabilities, most probable first. Ties stay in class order.
pub fn ranked(probabilities: &Probabilities) -> [(Diagnosis, f64); Diagnosis::COUNT] {
    let mut ranked = Diagnosis::ALL.map(|diagnosis| (diagnosis, probabilities[diagnosis.index()]));
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked
}
