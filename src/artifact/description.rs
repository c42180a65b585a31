//! The description of an exported network: input, outputs, provenance and intended use. It is stored in `model.json`,
//! in the metadata of ONNX and TFLite files, and in the TorchScript file's `extra/model.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::interface::Interface;
use crate::dataset::part::Part;
use crate::imaging::resize::ResizeRule;
use crate::metrics::Metrics;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::decisions::Decisions;
use crate::metrics::operating_points::Target;
use crate::model::architecture::Architecture;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::novelty_rule::NoveltyRule;
use crate::{ClassList, DISCLAIMER, Error, Result, reading};

/// The version of the description's fields.
pub const FORMAT_VERSION: u32 = 3;

/// The oldest version whose files can still be run.
pub const OLDEST_VERSION: u32 = 1;

const INTENDED_USE: &str = "Research and teaching on dermatoscopic photographs of pigmented skin lesions \
    that are like those that the network was trained on. Not for photographs taken without a dermatoscope, not for lesions of other kinds \
    (every image gets one of the names, right or not), and not for decisions about a patient. \
    The training images carry no skin-tone label, so how the answers differ by skin tone is unknown.";

/// The description of a network, common to all files exported from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The program that wrote it.
    pub written_by: String,
    /// [`DISCLAIMER`].
    pub disclaimer: String,
    /// The intended use and its limits.
    pub intended_use: String,
    /// Licence of the weights.
    pub licence: String,
    /// The classes in the order of the outputs.
    pub classes: ClassList,
    /// The resize rule of the input.
    pub resize: ResizeRule,
    /// The calibration temperature, already applied inside the network; 1 if it was not calibrated.
    pub temperature: f64,
    /// The decision rules.
    #[serde(default)]
    pub decisions: Decisions,
    /// The architecture.
    pub architecture: Architecture,
    /// Metrics on the validation split, by name. They are optimistic: model selection used this split.
    pub validation: BTreeMap<String, f64>,
    /// Metrics with confidence intervals, for each scored split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<SplitMetrics>,
    /// Decision thresholds, with their metrics on the images that they were selected on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<Threshold>,
    /// The abstention rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstention: Option<Abstention>,
    /// The threshold of the novelty score; `null` if the network has none.
    #[serde(default)]
    pub novelty: Option<NoveltyRule>,
    /// The source checkpoint.
    pub checkpoint: SourceCheckpoint,
    /// SHA-256 of the training dataset's manifest.
    pub dataset: String,
}

/// The checkpoint's metrics on one split of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitMetrics {
    /// The images. Metrics on `val` are optimistic: model selection used it. Metrics on `out_of_fold` are those of the
    /// networks of the folds, trained like this one on fewer images.
    pub part: Part,
    /// Whether they are images of another dataset than the one that the network was trained with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub external: bool,
    /// The number of scored images.
    pub images: usize,
    /// Metrics by name.
    pub figures: BTreeMap<String, f64>,
    /// Their 95 % confidence intervals as `[low, high]`, by bootstrap over lesions, or over patients where they are
    /// kept whole.
    pub intervals: Intervals,
}

/// A decision threshold. Scores at or above it are positive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// The target, which defines the score: the probability of a class, or the sum for the malignant classes.
    pub target: Target,
    /// The requested sensitivity. The threshold is the highest that reaches it on the images of `chosen_on`.
    pub sensitivity_asked: f64,
    /// The threshold.
    pub threshold: f64,
    /// The images that it was selected on. The metrics below are on the same images and therefore optimistic.
    pub chosen_on: Part,
    /// Sensitivity.
    pub sensitivity: Option<f64>,
    /// Specificity.
    pub specificity: Option<f64>,
    /// Number needed to refer: predicted positives per true positive.
    pub referred_per_found: Option<f64>,
}

/// The abstention rule: the network abstains if the top-1 probability is too low.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Abstention {
    /// The network abstains below this top-1 probability.
    pub threshold: f64,
    /// The images that it was selected on.
    #[serde(default = "val")]
    pub chosen_on: Part,
    /// The fraction of these images at or above the threshold.
    pub coverage: f64,
    /// The accuracy on the images at or above the threshold.
    pub accuracy: f64,
}

/// The images of an abstention rule in files of older versions.
fn val() -> Part {
    Part::Val
}

/// The checkpoint that a file was exported from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCheckpoint {
    /// SHA-256 of the checkpoint file.
    pub sha256: String,
    /// `transfer` or `finetune`.
    pub phase: String,
    /// The epoch of the weights.
    pub epoch: usize,
}

impl Description {
    /// The description of a checkpoint, given its metadata and SHA-256.
    pub fn new(metadata: &CheckpointMetadata, sha256: &str) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            written_by: concat!("skinlesion ", env!("CARGO_PKG_VERSION")).to_owned(),
            disclaimer: DISCLAIMER.to_owned(),
            intended_use: INTENDED_USE.to_owned(),
            licence: metadata.licence.clone(),
            classes: metadata.classes,
            resize: metadata.resize,
            temperature: metadata.temperature.unwrap_or(1.0),
            decisions: metadata.decisions.clone(),
            architecture: metadata.architecture,
            validation: metadata.validation.clone(),
            metrics: Vec::new(),
            thresholds: Vec::new(),
            abstention: None,
            novelty: metadata.novelty,
            checkpoint: SourceCheckpoint {
                sha256: sha256.to_owned(),
                phase: metadata.phase.clone(),
                epoch: metadata.epoch,
            },
            dataset: metadata.dataset.clone(),
        }
    }

    /// Reads a `model.json`.
    ///
    /// # Errors
    /// An unreadable file, and one of another format version.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = reading::read(path, reading::MAX_JSON)?;
        let remedy = "Pass a folder as `skinlesion export` wrote it.";
        let read: Self = serde_json::from_slice(&bytes)
            .map_err(|error| Error::line(path, error.line() as u64, error.to_string(), remedy))?;
        match read.format_version {
            OLDEST_VERSION..=FORMAT_VERSION => Ok(read),
            version => Err(Error::file(
                path,
                format!("format version {version} is not supported"),
                remedy,
            )),
        }
    }

    /// Sets the metrics on a part. They replace earlier ones.
    pub fn set_metrics(
        &mut self,
        part: Part,
        external: bool,
        metrics: &Metrics,
        intervals: &Intervals,
    ) {
        (self.metrics).retain(|metrics| (metrics.part, metrics.external) != (part, external));
        self.metrics.push(SplitMetrics {
            part,
            external,
            images: metrics.n,
            figures: metrics.to_map(),
            intervals: intervals.clone(),
        });
    }
}

/// A description and the interface of one file.
#[derive(Clone, Debug, Serialize)]
pub struct FileDescription<'a> {
    /// The description of the network.
    #[serde(flatten)]
    pub description: &'a Description,
    /// The interface of this file.
    #[serde(flatten)]
    pub interface: Interface,
}

impl FileDescription<'_> {
    /// The fields as key-value strings, for formats with such metadata. Strings are kept; other values become JSON.
    pub fn fields(&self) -> Vec<(String, String)> {
        let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(self) else {
            return Vec::new(); // unreachable: the description is a struct of plain values
        };
        let text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        fields.into_iter().map(|(k, v)| (k, text(v))).collect()
    }
}
