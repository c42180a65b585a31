//! Temperature scaling of a checkpoint on its validation split.

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

/// A calibrated checkpoint, with calibration metrics on the images that the temperature was fitted on.
pub struct Calibrated {
    /// The same network, with the temperature in its metadata.
    pub checkpoint: Checkpoint,
    /// The total temperature, including an earlier one.
    pub temperature: f64,
    /// Number of validation images.
    pub images: usize,
    /// Metrics before.
    pub before: CalibrationMetrics,
    /// Metrics after.
    pub after: CalibrationMetrics,
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

/// Fits a temperature on the validation split and stores it in the checkpoint metadata, combined with an earlier one.
/// The lesions of the split are added to the checkpoint's `validation_lesions`.
///
/// # Errors
/// No validation images; validation lesions that the network was trained on; images of another size; and predictions
/// without an optimal temperature, because all are correct or no better than chance.
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
            "the validation split has no images to fit a temperature on",
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
            "no temperature between 0.01 and 100 minimizes the log loss: \
             the predictions for the validation split are all correct, or no better than chance",
            "Calibrate with more validation images, or with a better trained network.",
        )
    })?;
    for row in &mut predictions.probabilities {
        *row = at_temperature(row, fitted);
    }
    let temperature = checkpoint.metadata.temperature.unwrap_or(1.0) * fitted;
    checkpoint.metadata.temperature = Some(temperature);
    let lesions = &mut checkpoint.metadata.validation_lesions;
    lesions.extend(predictions.lesions().into_iter().map(lesion_hash));
    lesions.sort_unstable();
    lesions.dedup();
    checkpoint.metadata.validation = predictions.score().to_map();
    Ok(Calibrated {
        checkpoint,
        temperature,
        images: rows.len(),
        before,
        after: CalibrationMetrics::new(&predictions).ok_or_else(none)?,
    })
}
