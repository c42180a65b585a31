//! Analyses beyond the headline metrics, as stored in `metrics.json`.

use serde::{Deserialize, Serialize};

use crate::DEFAULT_SEED;
use crate::dataset::Sample;
use crate::metrics::calibration::{Calibration, at_temperature, calibration};
use crate::metrics::decision_metrics::DecisionAnalysis;
use crate::metrics::isic::{self, Isic};
use crate::metrics::operating_points::{self, DecisionCurve, OperatingPoint};
use crate::metrics::selective::{self, Coverage};
use crate::metrics::subgroups::{self, Subgroup, age_band};
use crate::metrics::{Confusion, Predictions};
use crate::probabilities::Probabilities;

/// Analyses of some predictions. Each field is a key of `metrics.json`; files of older versions lack them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Analysis {
    /// Metrics of the ISIC challenges.
    pub isic: Option<Isic>,
    /// Thresholds selected on the validation split, with their metrics on the scored images. Empty if there is no
    /// validation split to select on, or if it is the one that is scored.
    pub operating_points: Vec<OperatingPoint>,
    /// Net benefit by threshold probability.
    pub decision_curves: Vec<DecisionCurve>,
    /// Metrics by sex, age band, localization, label confirmation (`dx_type`) and source.
    pub subgroups: Vec<Subgroup>,
    /// Metrics of the most confident predictions, by coverage.
    pub coverages: Vec<Coverage>,
    /// The named class, by decision rule; `None` in files of older versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions: Option<DecisionAnalysis>,
    /// Calibration of the probabilities.
    pub calibration: Option<CalibrationAnalysis>,
    /// Confused pairs of classes, most images first.
    pub confused: Vec<ConfusionPair>,
}

/// Calibration metrics with and without the fitted temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationAnalysis {
    /// The temperature that the logits are divided by, if `skinlesion calibrate` has fitted one.
    pub temperature: Option<f64>,
    /// Calibration of the probabilities as predicted.
    #[serde(flatten)]
    pub now: Calibration,
    /// Calibration without the temperature.
    pub without_temperature: Option<Calibration>,
}

/// A truth and a different predicted class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfusionPair {
    /// The code of the true class.
    pub truth: String,
    /// The code of the predicted class.
    pub prediction: String,
    /// Number of images.
    pub images: usize,
    /// Share of the images of the true class.
    pub share: f64,
}

impl Analysis {
    /// Analyses predictions of `samples` (in the same order), with operating points and decisions computed before.
    /// `temperature` is the one that the logits were divided by, if known.
    pub fn new(
        predictions: &Predictions,
        samples: &[&Sample],
        operating_points: Vec<OperatingPoint>,
        decisions: DecisionAnalysis,
        temperature: Option<f64>,
    ) -> Self {
        Self {
            isic: Some(isic::score(
                predictions.classes,
                &predictions.truths,
                &predictions.probabilities,
            )),
            operating_points,
            decisions: Some(decisions),
            decision_curves: operating_points::decision_curves(predictions),
            subgroups: subgroups::subgroups(predictions, &columns(samples), DEFAULT_SEED),
            coverages: selective::coverages(predictions),
            calibration: calibration_analysis(predictions, temperature),
            confused: confused_pairs(&predictions.confusion()),
        }
    }
}

impl Analysis {
    /// Computes what depends on the scale of the probabilities again, from predictions of the same images whose logits
    /// were divided by `temperature`. `folds` are their parts. The AUCs of subgroups are left: their groups are unknown
    /// here.
    pub(super) fn rescale(
        &mut self,
        predictions: &Predictions,
        folds: &[Predictions],
        temperature: f64,
    ) {
        self.isic = Some(isic::score(
            predictions.classes,
            &predictions.truths,
            &predictions.probabilities,
        ));
        self.operating_points = operating_points::cross_fitted(&folds.iter().collect::<Vec<_>>());
        self.decision_curves = operating_points::decision_curves(predictions);
        self.coverages = selective::coverages(predictions);
        self.calibration = calibration_analysis(predictions, Some(temperature));
    }
}

fn calibration_analysis(
    predictions: &Predictions,
    temperature: Option<f64>,
) -> Option<CalibrationAnalysis> {
    let of = |rows: &[Probabilities]| calibration(&predictions.truths, rows);
    let without = |temperature: f64| {
        let unscaled = |row| at_temperature(row, 1.0 / temperature);
        let rows: Vec<_> = predictions.probabilities.iter().map(unscaled).collect();
        of(&rows)
    };
    Some(CalibrationAnalysis {
        temperature,
        now: of(&predictions.probabilities)?,
        without_temperature: temperature.and_then(without),
    })
}

/// The columns of the subgroup analysis.
fn columns(samples: &[&Sample]) -> Vec<(&'static str, Vec<String>)> {
    let column = |of: fn(&Sample) -> String| samples.iter().map(|sample| of(sample)).collect();
    vec![
        ("sex", column(|s| or_unknown(&s.sex))),
        ("age", column(|s| age_band(&s.age))),
        ("localization", column(|s| or_unknown(&s.localization))),
        ("dx_type", column(|s| or_unknown(&s.dx_type))),
        ("source", column(|s| or_unknown(&s.source))),
    ]
}

fn or_unknown(value: &str) -> String {
    match value {
        "" => "unknown".to_owned(),
        value => value.to_owned(),
    }
}

fn confused_pairs(confusion: &Confusion) -> Vec<ConfusionPair> {
    let classes = confusion.classes();
    let pairs = classes.iter().flat_map(|truth| {
        classes.iter().map(move |prediction| {
            let images = confusion.counts[truth.index()][prediction.index()];
            let share = images as f64 / confusion.support(truth).max(1) as f64;
            ConfusionPair {
                truth: truth.to_string(),
                prediction: prediction.to_string(),
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
    use crate::classes::{ham, ham10000};

    #[test]
    fn confused_pairs_are_sorted_by_images_and_omit_the_diagonal() {
        let (mel, nv, bkl) = (ham("mel"), ham("nv"), ham("bkl"));
        let pairs = [(mel, nv), (nv, nv), (nv, bkl), (nv, bkl), (nv, nv)];
        let found = confused_pairs(&Confusion::count(ham10000(), pairs));
        let short: Vec<_> = (found.iter())
            .map(|pair| (&*pair.truth, &*pair.prediction, pair.images, pair.share))
            .collect();
        assert_eq!(short, [("nv", "bkl", 2, 0.5), ("mel", "nv", 1, 1.0)]);
    }

    #[test]
    fn missing_values_form_an_unknown_group() {
        let sample = Sample {
            image_id: "A".into(),
            lesion_id: "A".into(),
            patient_id: String::new(),
            dx: ham("nv"),
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
