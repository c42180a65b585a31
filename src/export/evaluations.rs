//! The evaluations that go into `model.json` and the model card.

use std::path::{Path, PathBuf};

use super::source::ExportSource;
use crate::dataset::part::Part;
use crate::evaluation::analysis::Analysis;
use crate::evaluation::out_of_fold::OutOfFold;
use crate::evaluation::{self, Evaluation};
use crate::metrics::bootstrap::Intervals;
use crate::metrics::{Metrics, Predictions};
use crate::{Error, Result};

/// An evaluation of the exported network, or of the networks of its folds.
#[derive(Debug)]
pub struct ExportEvaluation {
    /// The images.
    pub part: Part,
    /// The folds in words, such as "fold 0 of 5"; empty for a split.
    pub folds: String,
    /// Whether the images are of another dataset than that of the training.
    pub is_external: bool,
    /// The number of their lesions.
    pub lesions: usize,
    /// Whether probabilities are means over symmetric views.
    pub tta: bool,
    /// The metrics.
    pub metrics: Metrics,
    /// Their 95 % intervals.
    pub intervals: Intervals,
    /// Further analyses.
    pub analysis: Analysis,
    /// The predictions of the networks of the folds, at the temperature of the exported one; else `None`.
    pub out_of_fold: Option<Predictions>,
}

/// Reads evaluations, each a `metrics.json` or its folder.
///
/// # Errors
/// Evaluations of other networks, or of folds that are not those of this network ([`OutOfFold::read`]).
pub fn read(paths: &[PathBuf], source: &ExportSource) -> Result<Vec<ExportEvaluation>> {
    let mut read: Vec<ExportEvaluation> = Vec::new();
    for path in paths {
        let one = read_one(path, source)?;
        if (read.iter()).any(|other| (other.part, other.tta) == (one.part, one.tta)) {
            return Err(Error::file(
                path,
                format!("another --evaluation is of {} too", one.part.images()),
                "Name one evaluation of each split, and one with --tta; `model.json` has one set of metrics for each split.",
            ));
        }
        read.push(one);
    }
    Ok(read)
}

const INVALID: &str = "Pass the metrics.json, or its folder, that `skinlesion eval` wrote.";

fn read_one(path: &Path, source: &ExportSource) -> Result<ExportEvaluation> {
    let path = evaluation::metrics_path(path);
    let (bytes, _) = evaluation::read_metrics(&path)?;
    let invalid = |error: serde_json::Error| {
        Error::line(&path, error.line() as u64, error.to_string(), INVALID)
    };
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(invalid)?;
    if value.get("folds").is_some() {
        let temperature = source.metadata.temperature.unwrap_or(1.0);
        let read = OutOfFold::read(&path, &source.metadata)?.at_temperature(temperature);
        let evaluation = read.evaluation;
        return Ok(ExportEvaluation {
            part: Part::OutOfFold,
            folds: evaluation.folds_in_words(),
            is_external: false,
            lesions: evaluation.data.lesions,
            tta: evaluation.tta,
            metrics: evaluation.metrics,
            intervals: evaluation.intervals,
            analysis: evaluation.analysis,
            out_of_fold: Some(read.predictions),
        });
    }
    let evaluation: Evaluation = serde_json::from_slice(&bytes).map_err(invalid)?;
    if evaluation.model.sha256 != source.sha256 {
        return Err(Error::file(
            &path,
            format!("it evaluates another model than {}", source.path.display()),
            "Pass an evaluation of this checkpoint by `skinlesion eval --model`.",
        ));
    }
    if !evaluation.data.sources.is_empty() {
        return Err(Error::file(
            &path,
            "it is limited to images of some sources",
            "Pass an evaluation by `skinlesion eval` without --source.",
        ));
    }
    Ok(ExportEvaluation {
        part: evaluation.data.split.into(),
        folds: String::new(),
        is_external: evaluation.data.manifest != source.metadata.dataset,
        lesions: evaluation.data.lesions,
        tta: evaluation.tta,
        metrics: evaluation.metrics,
        intervals: evaluation.intervals,
        analysis: evaluation.analysis,
        out_of_fold: None,
    })
}
