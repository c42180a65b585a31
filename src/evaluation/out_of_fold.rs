//! The predictions of the networks of all folds, which stand for those of a network that was trained on every fold: no
//! image is left to score that network on.

use std::path::Path;

use super::compare::read_predictions;
use super::folds::PooledEvaluation;
use super::metrics_path;
use crate::metrics::calibration::at_temperature;
use crate::metrics::{Predictions, predictions};
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::{Error, Result};

/// An evaluation of folds and its predictions.
#[derive(Debug)]
pub struct OutOfFold {
    /// Its `metrics.json`.
    pub evaluation: PooledEvaluation,
    /// Its `predictions.csv`.
    pub predictions: Predictions,
}

impl OutOfFold {
    /// Reads a folder that `skinlesion eval --folds` wrote, or its `metrics.json`, for a network with this metadata.
    ///
    /// # Errors
    /// A network that was not trained on all folds of the evaluated dataset, an evaluation with test-time augmentation,
    /// and one of networks that were calibrated, each with a temperature of its own.
    pub fn read(path: &Path, metadata: &CheckpointMetadata) -> Result<Self> {
        let file = metrics_path(path);
        let evaluation = PooledEvaluation::read(&file)?;
        let refuse = |problem: &str, remedy: &str| Err(Error::file(&file, problem, remedy));
        if evaluation.data.manifest != metadata.dataset {
            return refuse(
                "it evaluates folds of another dataset than the one that this network was trained on",
                "Give the evaluation of the folds of that dataset.",
            );
        }
        if metadata.fold.is_some() {
            return refuse(
                "this network has a validation fold of its own",
                "Give a network that was trained with --fold all, or leave the evaluation of the folds out.",
            );
        }
        if !evaluation.data.sources.is_empty() {
            return refuse(
                "it is limited to images of some sources, and this network was trained on all of them",
                "Run `skinlesion eval --folds` without --source.",
            );
        }
        if evaluation.tta {
            return refuse(
                "its probabilities are means over symmetric views, and the temperature of one view differs",
                "Run `skinlesion eval --folds` without --tta.",
            );
        }
        if (evaluation.folds.each.iter()).any(|fold| fold.temperature.is_some()) {
            return refuse(
                "it evaluates calibrated networks, each with a temperature of its own",
                "Run `skinlesion eval --folds` on the checkpoints as they were trained.",
            );
        }
        let predictions = read_predictions(&file.with_file_name(predictions::FILE), &file)?;
        let images: usize = evaluation
            .folds
            .each
            .iter()
            .map(|fold| fold.metrics.n)
            .sum();
        if images != predictions.truths.len() {
            return refuse(
                "the images of its folds are not those of its predictions",
                "Run `skinlesion eval --folds` again.",
            );
        }
        Ok(Self {
            evaluation,
            predictions,
        })
    }

    /// The pooled predictions, and everything of them that depends on their scale, with the logits divided by
    /// `temperature`. The metrics of single folds stay as they were.
    pub fn at_temperature(mut self, temperature: f64) -> Self {
        self.predictions =
            (self.predictions).map_probabilities(|row| at_temperature(row, temperature));
        let predictions = &self.predictions;
        let metrics = predictions.score();
        let evaluation = &mut self.evaluation;
        evaluation.intervals = predictions.intervals();
        evaluation.undefined = metrics.undefined();
        evaluation.metrics = metrics;
        let mut first = 0;
        let folds: Vec<Predictions> = (evaluation.folds.each.iter())
            .map(|fold| {
                let images: Vec<usize> = (first..first + fold.metrics.n).collect();
                first += images.len();
                predictions.select(&images)
            })
            .collect();
        evaluation
            .analysis
            .rescale(predictions, &folds, temperature);
        self
    }
}
