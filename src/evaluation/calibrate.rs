//! Temperature scaling of a checkpoint on its validation part.

use serde::Serialize;
use tch::Device;

use super::leakage::refuse_seen_lesions;
use super::{as_trained, predict_split};
use crate::dataset::{Dataset, Split};
use crate::inference::checkpoint::CheckpointClassifier;
use crate::metrics::calibration::{at_temperature, calibration, fit_temperature};
use crate::metrics::{Predictions, ranking};
use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::lesion_hash;
use crate::progress::Progress;
use crate::{Error, Result};

/// A checkpoint with its temperature, and what that changed on the images that it was fitted on.
pub struct Calibrated {
    /// The same network with the temperature in it.
    pub checkpoint: Checkpoint,
    /// What logits are divided by, in all.
    pub temperature: f64,
    /// The number of validation images.
    pub images: usize,
    /// How good the probabilities were.
    pub before: CalibrationMetrics,
    /// How good they are.
    pub after: CalibrationMetrics,
}

/// How good probabilities are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationMetrics {
    /// Mean negative logarithm of the truth's probability.
    pub log_loss: f64,
    /// [`crate::metrics::calibration::Calibration::ece_equal_width`].
    pub ece_equal_width: f64,
    /// [`crate::metrics::calibration::Calibration::ece_equal_mass`].
    pub ece_equal_mass: f64,
    /// [`crate::metrics::calibration::Calibration::brier`].
    pub brier: f64,
    /// Share of images whose likeliest class is the truth.
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

/// Fits a temperature on the dataset's validation part and puts it into the checkpoint, in place of an earlier one. The
/// lesions of that part join those that choices were made on.
///
/// # Errors
/// No validation images; lesions among them that the network was trained on; images of another size; and answers
/// that no temperature mends, as all are right or no better than chance.
pub fn calibrate(
    mut checkpoint: Checkpoint,
    dataset: Dataset,
    batch: usize,
    device: Device,
    progress: &dyn Progress,
) -> Result<Calibrated> {
    let dataset = as_trained(dataset, Some(&checkpoint.metadata))?;
    let rows = dataset.split_rows(Split::Val);
    let refuse = |problem: &str, remedy: &str| Error::file(&dataset.path, problem, remedy);
    let none = || {
        refuse(
            "its validation part has no images to fit a temperature on",
            "Name the dataset folder that the network was trained with.",
        )
    };
    if rows.is_empty() {
        return Err(none());
    }
    refuse_seen_lesions(&checkpoint.metadata, &dataset, Split::Val)?;
    let classifier = CheckpointClassifier::new(&checkpoint, device)?;
    let mut predictions = predict_split(&classifier, &dataset, &rows, batch, progress)?;
    let before = CalibrationMetrics::new(&predictions).ok_or_else(none)?;
    let fitted = fit_temperature(&predictions.truths, &predictions.probabilities);
    let fitted = fitted.ok_or_else(|| {
        refuse(
            "no temperature between 0.01 and 100 is best: every answer to its validation part is right, or they are no better than chance",
            "Calibrate with more validation images, or a network that has learnt more.",
        )
    })?;
    for row in &mut predictions.probabilities {
        *row = at_temperature(row, fitted);
    }
    let temperature = checkpoint.metadata.temperature.unwrap_or(1.0) * fitted;
    checkpoint.metadata.temperature = Some(temperature);
    let chosen_by = &mut checkpoint.metadata.validation_lesions;
    chosen_by.extend(predictions.lesions().into_iter().map(lesion_hash));
    chosen_by.sort_unstable();
    chosen_by.dedup();
    checkpoint.metadata.validation = predictions.score().defined();
    Ok(Calibrated {
        checkpoint,
        temperature,
        images: rows.len(),
        before,
        after: CalibrationMetrics::new(&predictions).ok_or_else(none)?,
    })
}
