//! The answer of a classifier: one probability a class.

use crate::Diagnosis;

/// Seven probabilities in class order, summing to 1.
pub type Probabilities = [f64; Diagnosis::COUNT];

/// The diagnoses, likeliest first, with their probabilities. Equal ones stay in class order.
pub fn ranked(probabilities: &Probabilities) -> [(Diagnosis, f64); Diagnosis::COUNT] {
    let mut ranked = Diagnosis::ALL.map(|diagnosis| (diagnosis, probabilities[diagnosis.index()]));
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked
}
