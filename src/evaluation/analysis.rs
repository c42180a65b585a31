//! What a careful reader asks beside the headline figures, as `metrics.json` holds it.

use serde::{Deserialize, Serialize};

use crate::dataset::Sample;
use crate::metrics::calibration::{Calibration, at_temperature, calibration};
use crate::metrics::isic;
use crate::metrics::isic::Isic;
use crate::metrics::operating_points;
use crate::metrics::operating_points::{DecisionCurve, OperatingPoint};
use crate::metrics::selective;
use crate::metrics::selective::Coverage;
use crate::metrics::subgroups;
use crate::metrics::subgroups::{Subgroup, age_band};
use crate::metrics::{Confusion, Predictions};
use crate::probabilities::Probabilities;
use crate::{DEFAULT_SEED, Diagnosis};

/// The analyses of some predictions; each is a key of `metrics.json`. Files of older versions lack them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Analysis {
    /// The figures that the ISIC challenges list.
    pub isic: Option<Isic>,
    /// Thresholds chosen on validation, and what they do to the images that are scored. Empty where there is no
    /// validation part to choose on, or where it is what is scored.
    pub operating_points: Vec<OperatingPoint>,
    /// Net benefit by threshold.
    pub decision_curves: Vec<DecisionCurve>,
    /// Figures by sex, age band, localization, kind of proof and source.
    pub subgroups: Vec<Subgroup>,
    /// What the network is worth on what it is most certain of.
    pub coverages: Vec<Coverage>,
    /// Whether the probabilities can be taken at their word.
    pub calibration: Option<CalibrationAnalysis>,
    /// Which classes are taken for which, most images first.
    pub confused: Vec<ConfusionPair>,
}

/// How well calibrated the answers are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationAnalysis {
    /// What the logits are divided by, if `skinlesion calibrate` has fitted a temperature.
    pub temperature: Option<f64>,
    /// The answers as they are.
    #[serde(flatten)]
    pub now: Calibration,
    /// As they would be without the temperature.
    pub without_temperature: Option<Calibration>,
}

/// A class that was taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfusionPair {
    /// What the images show.
    pub truth: Diagnosis,
    /// What they were taken for.
    pub prediction: Diagnosis,
    /// How many.
    pub images: usize,
    /// As a share of the images that show it.
    pub share: f64,
}

impl Analysis {
    /// Analyses predictions of `samples` (in the same order). `thresholds_on` are the answers to validation images that
    /// thresholds are chosen on; `temperature` is what the network's logits were divided by, if it is known.
    pub fn new(
        predictions: &Predictions,
        samples: &[&Sample],
        thresholds_on: Option<&Predictions>,
        temperature: Option<f64>,
    ) -> Self {
        Self {
            isic: Some(isic::score(&predictions.truths, &predictions.probabilities)),
            operating_points: thresholds_on.map_or_else(Vec::new, |thresholds_on| {
                operating_points::operating_points(thresholds_on, predictions)
            }),
            decision_curves: operating_points::decision_curves(predictions),
            subgroups: subgroups::subgroups(predictions, &columns(samples), DEFAULT_SEED),
            coverages: selective::coverages(predictions),
            calibration: calibration_figures(predictions, temperature),
            confused: confused(&Confusion {
                counts: predictions.score().confusion_matrix,
            }),
        }
    }
}

fn calibration_figures(
    predictions: &Predictions,
    temperature: Option<f64>,
) -> Option<CalibrationAnalysis> {
    let of = |rows: &[Probabilities]| calibration(&predictions.truths, rows);
    let without = |temperature: f64| {
        let undone = |row| at_temperature(row, 1.0 / temperature);
        let rows: Vec<_> = predictions.probabilities.iter().map(undone).collect();
        of(&rows)
    };
    Some(CalibrationAnalysis {
        temperature,
        now: of(&predictions.probabilities)?,
        without_temperature: temperature.and_then(without),
    })
}

/// The columns that images are grouped by.
fn columns(samples: &[&Sample]) -> Vec<(&'static str, Vec<String>)> {
    let column = |of: fn(&Sample) -> String| samples.iter().map(|sample| of(sample)).collect();
    vec![
        ("sex", column(|s| known(&s.sex))),
        ("age", column(|s| age_band(&s.age))),
        ("localization", column(|s| known(&s.localization))),
        ("dx_type", column(|s| known(&s.dx_type))),
        ("source", column(|s| known(&s.source))),
    ]
}

fn known(value: &str) -> String {
    match value {
        "" => "unknown".to_owned(),
        value => value.to_owned(),
    }
}

fn confused(confusion: &Confusion) -> Vec<ConfusionPair> {
    let pairs = Diagnosis::ALL.into_iter().flat_map(|truth| {
        Diagnosis::ALL.into_iter().map(move |prediction| {
            let images = confusion.counts[truth.index()][prediction.index()];
            let share = images as f64 / confusion.support(truth).max(1) as f64;
            ConfusionPair {
                truth,
                prediction,
                images,
                share,
            }
        })
    });
    let mut pairs: Vec<ConfusionPair> = pairs
        .filter(|pair| pair.truth != pair.prediction && pair.images > 0)
        .collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.images));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusions_come_with_the_commonest_first_and_without_what_is_right() {
        let (mel, nv, bkl) = (Diagnosis::Mel, Diagnosis::Nv, Diagnosis::Bkl);
        let pairs = [(mel, nv), (nv, nv), (nv, bkl), (nv, bkl), (nv, nv)];
        let found = confused(&Confusion::count(pairs));
        let short: Vec<_> = (found.iter())
            .map(|pair| (pair.truth, pair.prediction, pair.images, pair.share))
            .collect();
        assert_eq!(short, [(nv, bkl, 2, 0.5), (mel, nv, 1, 1.0)]);
    }

    #[test]
    fn what_is_unknown_is_a_group_of_its_own() {
        let sample = Sample {
            image_id: "A".into(),
            lesion_id: "A".into(),
            dx: Diagnosis::Nv,
            dx_type: String::new(),
            age: "55.0".into(),
            sex: "female".into(),
            localization: "back".into(),
            source: String::new(),
        };
        let values: Vec<String> = columns(&[&sample])
            .into_iter()
            .map(|c| c.1[0].clone())
            .collect();
        assert_eq!(values, ["female", "50–59", "back", "unknown", "unknown"]);
    }
}
