//! The decision thresholds and the abstention rule of an export.

use crate::artifact::description::{Abstention, Description, Threshold};
use crate::dataset::part::Part;
use crate::metrics::operating_points::{self, OperatingPoint};
use crate::metrics::{Predictions, selective};

/// The target coverage: the least fraction of images without abstention.
const TARGET_COVERAGE: f64 = 0.80;

/// Sets the metrics, decision thresholds and abstention rule from predictions of the whole validation split or of
/// the folds.
pub fn set_thresholds(description: &mut Description, chosen_on: Part, predictions: &Predictions) {
    let intervals = predictions.intervals();
    description.set_metrics(chosen_on, false, &predictions.score(), &intervals);
    let threshold = |point: OperatingPoint| Threshold {
        target: point.target,
        sensitivity_asked: point.wanted_sensitivity,
        threshold: point.threshold,
        chosen_on,
        sensitivity: point.chosen_on.sensitivity,
        specificity: point.chosen_on.specificity,
        referred_per_found: point.chosen_on.referred_per_found,
    };
    let points = operating_points::operating_points(predictions, predictions);
    description.thresholds = points.into_iter().map(threshold).collect();
    let coverages = selective::coverages(predictions);
    let chosen = coverages.iter().find(|c| c.coverage >= TARGET_COVERAGE);
    description.abstention = chosen.map(|chosen| Abstention {
        threshold: chosen.least_confidence,
        chosen_on,
        coverage: chosen.coverage,
        accuracy: chosen.accuracy,
    });
}
