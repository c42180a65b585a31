//! Calibration of a checkpoint: the temperature of its probabilities, and τ of the balanced decision rule. Both are
//! fitted on the validation split, or on the predictions of the networks of the folds.

use std::path::Path;

use serde::Serialize;
use tch::Device;

use super::cross_fit;
use super::leakage::{self, refuse_seen_lesions};
use super::out_of_fold::OutOfFold;
use super::{as_trained, predict_split};
use crate::dataset::part::Part;
use crate::dataset::{Dataset, Split};
use crate::inference::checkpoint::CheckpointClassifier;
use crate::metrics::calibration::{at_temperature, calibration, fit_temperature};
use crate::metrics::decision_metrics::DecisionAnalysis;
use crate::metrics::decisions::{Balanced, Decisions, Offsets, decide};
use crate::metrics::{Predictions, default_decision, ranking};
use crate::model::checkpoint::Checkpoint;
use crate::model::seen::Seen;
use crate::progress::Progress;
use crate::{Error, Result};

/// A calibrated checkpoint, with metrics on the images that it was calibrated on.
pub struct Calibrated {
    /// The same network, with the temperature and the decision rules in its metadata.
    pub checkpoint: Checkpoint,
    /// The total temperature, including an earlier one.
    pub temperature: f64,
    /// By what the logits were divided on these images: above 1 where the network was overconfident.
    pub correction: f64,
    /// The images that were used.
    pub fitted_on: Part,
    /// Their number.
    pub images: usize,
    /// Metrics before.
    pub before: CalibrationMetrics,
    /// Metrics after.
    pub after: CalibrationMetrics,
    /// Metrics of the decision rules after calibration. The balanced rule is slightly optimistic: its τ was fitted on
    /// these images.
    pub decisions: DecisionAnalysis,
}

/// Calibration metrics before or after temperature scaling.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationMetrics {
    /// Mean negative natural logarithm of the truth's probability.
    pub log_loss: f64,
    /// [`crate::metrics::calibration::Calibration::ece_equal_width`].
    pub ece_equal_width: f64,
    /// [`crate::metrics::calibration::Calibration::ece_equal_mass`].
    pub ece_equal_mass: f64,
    /// [`crate::metrics::calibration::Calibration::brier`].
    pub brier: f64,
    /// Share of images whose predicted class is the truth.
    pub accuracy: f64,
}

impl CalibrationMetrics {
    fn new(predictions: &Predictions) -> Option<Self> {
        let (truths, rows) = (&predictions.truths, &predictions.probabilities);
        let calibration = calibration(truths, rows)?;
        Some(Self {
            log_loss: ranking::log_loss(truths, rows)?,
            ece_equal_width: calibration.ece_equal_width,
            ece_equal_mass: calibration.ece_equal_mass,
            brier: calibration.brier,
            accuracy: predictions.score().accuracy?,
        })
    }
}

/// Fits a temperature and τ on the validation split and stores them in the checkpoint metadata; the temperature is
/// combined with an earlier one. The split is added to what the checkpoint has seen for validation. Without
/// `class_priors` there is no τ.
///
/// # Errors
/// No validation images; validation lesions that the network was trained on; images of another size; and predictions
/// without an optimal temperature, because all are correct or no better than chance.
pub fn calibrate(
    mut checkpoint: Checkpoint,
    dataset: Dataset,
    class_priors: Option<Offsets>,
    batch: usize,
    device: Device,
    progress: &dyn Progress,
) -> Result<Calibrated> {
    let dataset = as_trained(dataset, Some(&checkpoint.metadata))?;
    let rows = dataset.split_rows(Split::Val);
    if rows.is_empty() {
        let remedy = match leakage::trained_on_all_folds(&dataset, &checkpoint.metadata) {
            false => "Name the dataset folder that the network was trained with.",
            true => {
                "The network was trained on all folds: calibrate it on those of its folds with --out-of-fold EVAL, a \
                 folder of `skinlesion eval --folds`."
            }
        };
        return Err(Error::file(
            &dataset.path,
            "the validation split has no images to fit a temperature on",
            remedy,
        ));
    }
    refuse_seen_lesions(&checkpoint.metadata, &dataset, Split::Val)?;
    let classifier = CheckpointClassifier::new(&checkpoint, device)?;
    let predictions = predict_split(&classifier, &dataset, &rows, batch, progress)?;
    let seen = &mut checkpoint.metadata.seen;
    seen.extend(&Seen::new(&dataset, &[], &rows)?);
    let is_own = checkpoint.metadata.dataset == dataset.info.hashes.manifest;
    let validation = checkpoint.metadata.validation.clone();
    let mut calibrated = fit(
        checkpoint,
        predictions,
        Part::Val,
        class_priors,
        &dataset.path,
    )?;
    // Metrics of another dataset's split would pass for those of the split that the network was validated on.
    if !is_own {
        calibrated.checkpoint.metadata.validation = validation;
    }
    Ok(calibrated)
}

/// As [`calibrate`], for a network that was trained on all folds, from the predictions of its folds' networks.
pub fn calibrate_out_of_fold(
    checkpoint: Checkpoint,
    out_of_fold: OutOfFold,
    class_priors: Option<Offsets>,
    place: &Path,
) -> Result<Calibrated> {
    let predictions = out_of_fold.predictions;
    fit(
        checkpoint,
        predictions,
        Part::OutOfFold,
        class_priors,
        place,
    )
}

/// Fits temperature and τ on predictions of images that the network was not trained on. `place` is named in errors.
fn fit(
    mut checkpoint: Checkpoint,
    predictions: Predictions,
    fitted_on: Part,
    class_priors: Option<Offsets>,
    place: &Path,
) -> Result<Calibrated> {
    let refuse = || {
        Error::file(
            place,
            format!(
                "no temperature between 0.01 and 100 minimizes the log loss: the predictions for the {} are all \
                 correct, or no better than chance",
                fitted_on.images()
            ),
            "Calibrate with more images, or with a better trained network.",
        )
    };
    let before = CalibrationMetrics::new(&predictions).ok_or_else(refuse)?;
    let fitted = fit_temperature(&predictions.truths, &predictions.probabilities);
    let fitted = fitted.ok_or_else(refuse)?;
    let mut predictions = predictions.map_probabilities(|row| at_temperature(row, fitted));
    let metadata = &mut checkpoint.metadata;
    // The predictions of the folds' networks are without a temperature.
    let temperature = match fitted_on {
        Part::OutOfFold => fitted,
        _ => metadata.temperature.unwrap_or(1.0) * fitted,
    };
    metadata.temperature = Some(temperature);
    metadata.decisions = Decisions::likeliest(metadata.classes);
    predictions.balanced.clear();
    if let Some(priors) = class_priors {
        let balanced = Balanced::fit(&predictions, &priors, fitted_on);
        let rows = predictions.probabilities.iter();
        predictions.balanced = rows.map(|row| decide(row, &balanced.offsets)).collect();
        if let Some(cross_fitted) = cross_fit::in_halves(&predictions, &priors) {
            metadata.decisions = default_decision::with_balanced(balanced, &cross_fitted);
        }
    }
    if fitted_on == Part::Val {
        metadata.validation = predictions.score().to_map();
    }
    Ok(Calibrated {
        decisions: DecisionAnalysis::new(&predictions, &metadata.decisions),
        temperature,
        correction: fitted,
        fitted_on,
        images: predictions.truths.len(),
        before,
        after: CalibrationMetrics::new(&predictions).ok_or_else(refuse)?,
        checkpoint,
    })
}
