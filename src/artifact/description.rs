//! The description of an exported network: input, outputs, provenance and intended use. It is stored in `model.json`,
//! in the metadata of ONNX and TFLite files, and in the TorchScript file's `extra/model.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::interface::{Input, Interface};
use crate::dataset::part::Part;
use crate::imaging::resize::ResizeRule;
use crate::metrics::bootstrap::{self, Intervals};
use crate::metrics::decisions::Decisions;
use crate::metrics::operating_points::{self, OperatingPoint, Target};
use crate::metrics::{Metrics, Predictions, selective};
use crate::model::architecture::Architecture;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::novelty_rule::NoveltyRule;
use crate::{ClassList, DEFAULT_SEED, DISCLAIMER, Error, Result, reading};

/// The target coverage: the least fraction of images without abstention.
const TARGET_COVERAGE: f64 = 0.80;

/// The version of the description's fields.
pub const FORMAT_VERSION: u32 = 3;

/// The oldest version whose files can still be run.
const OLDEST_VERSION: u32 = 1;

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
    /// The number of scored images.
    pub images: usize,
    /// Metrics by name.
    pub figures: BTreeMap<String, f64>,
    /// Their 95 % confidence intervals as `[low, high]`, by bootstrap over lesions.
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

    /// Sets the metrics, decision thresholds and abstention rule from predictions of the whole validation split or of
    /// the folds.
    pub fn set_thresholds(&mut self, chosen_on: Part, predictions: &Predictions) {
        let intervals = bootstrap::intervals(
            predictions.classes,
            &predictions.truths,
            &predictions.probabilities,
            &predictions.clusters(),
            DEFAULT_SEED,
        );
        self.set_metrics(chosen_on, &predictions.score(), &intervals);
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
        self.thresholds = points.into_iter().map(threshold).collect();
        let coverages = selective::coverages(predictions);
        let chosen = coverages.iter().find(|c| c.coverage >= TARGET_COVERAGE);
        self.abstention = chosen.map(|chosen| Abstention {
            threshold: chosen.least_confidence,
            chosen_on,
            coverage: chosen.coverage,
            accuracy: chosen.accuracy,
        });
    }

    /// Sets the metrics on a part. They replace earlier ones.
    pub fn set_metrics(&mut self, part: Part, metrics: &Metrics, intervals: &Intervals) {
        self.metrics.retain(|metrics| metrics.part != part);
        self.metrics.push(SplitMetrics {
            part,
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

/// The input specification: the fields of a description that inference needs.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    /// The classes in the order of the outputs.
    pub classes: ClassList,
    /// The resize rule of the images.
    pub resize: ResizeRule,
    /// The input tensor.
    pub input: Input,
    /// SHA-256 of the source checkpoint.
    pub checkpoint: String,
    /// The decision rules.
    pub decisions: Decisions,
    /// The decision thresholds; none if the file has none.
    pub thresholds: Vec<Threshold>,
    /// The abstention rule, if the file has one.
    pub abstention: Option<Abstention>,
    /// The threshold of the novelty score, if the file has one.
    pub novelty: Option<NoveltyRule>,
}

impl InputSpec {
    /// Reads the specification from an exported file's metadata, as written by [`FileDescription::fields`].
    ///
    /// # Errors
    /// An unsupported format version, or missing fields.
    pub fn read(path: &Path, field: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let refuse = |problem: String| {
            Error::file(
                path,
                problem,
                "Use a file written by this version of `skinlesion export`.",
            )
        };
        fn parsed<T: serde::de::DeserializeOwned>(text: Option<String>) -> Option<T> {
            serde_json::from_str(&text?).ok()
        }
        let missing = |name: &str| refuse(format!("its metadata has no valid '{name}'"));
        let version: u32 =
            parsed(field("format_version")).ok_or_else(|| missing("format_version"))?;
        if !(OLDEST_VERSION..=FORMAT_VERSION).contains(&version) {
            return Err(refuse(format!(
                "export format {version} is not supported ({OLDEST_VERSION} to {FORMAT_VERSION} are)"
            )));
        }
        let classes: ClassList = parsed(field("classes")).ok_or_else(|| missing("classes"))?;
        let checkpoint: SourceCheckpoint =
            parsed(field("checkpoint")).ok_or_else(|| missing("checkpoint"))?;
        Ok(Self {
            classes,
            resize: parsed(field("resize")).ok_or_else(|| missing("resize"))?,
            input: parsed(field("input")).ok_or_else(|| missing("input"))?,
            checkpoint: checkpoint.sha256,
            decisions: match field("decisions") {
                text @ Some(_) => parsed(text)
                    .filter(|decisions: &Decisions| decisions.fit(classes))
                    .ok_or_else(|| missing("decisions"))?,
                None => Decisions::likeliest(classes), // a file of an older version
            },
            thresholds: match field("thresholds") {
                text @ Some(_) => parsed(text).ok_or_else(|| missing("thresholds"))?,
                None => Vec::new(),
            },
            abstention: match field("abstention") {
                text @ Some(_) => parsed(text).ok_or_else(|| missing("abstention"))?,
                None => None,
            },
            novelty: match field("novelty") {
                text @ Some(_) => {
                    let rule: Option<NoveltyRule> =
                        parsed(text).ok_or_else(|| missing("novelty"))?;
                    match rule.is_none_or(|rule| rule.is_valid()) {
                        true => rule,
                        false => return Err(missing("novelty")),
                    }
                }
                None => None, // a file of an older version
            },
        })
    }
}
