//! What travels with every exported file: how to feed the network, what its answers mean, where it came
//! from and what it is not for. It is `model.json`, the ONNX metadata and the TorchScript file's `extra/model.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::interface::{Input, Interface};
use crate::dataset::Split;
use crate::imaging::resize::ResizeRule;
use crate::metrics::bootstrap;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::operating_points;
use crate::metrics::operating_points::{OperatingPoint, Target};
use crate::metrics::{Metrics, Predictions, selective};
use crate::model::architecture::Architecture;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::{DEFAULT_SEED, DISCLAIMER, Diagnosis, Error, Result};

/// The share of validation images that should get an answer; the rest is "not sure".
const ANSWERED: f64 = 0.80;

/// The version of the description's fields.
pub const FORMAT_VERSION: u32 = 2;

/// The oldest version whose files this program still runs.
const OLDEST_VERSION: u32 = 1;

const INTENDED_USE: &str = "Research and teaching on dermatoscopic photographs of pigmented skin lesions \
    that are like those of HAM10000. Not for photographs taken without a dermatoscope, not for lesions of other kinds \
    (every image gets one of the seven names, right or not), and not for decisions about a patient. \
    The training images carry no skin-tone label, so how the answers differ by skin tone is unknown.";

/// The description of a network: what is true of every file written from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The program that wrote it.
    pub written_by: String,
    /// [`DISCLAIMER`].
    pub disclaimer: String,
    /// What it is for and what it is not for.
    pub intended_use: String,
    /// Licence of the weights.
    pub licence: String,
    /// The classes in the order of the outputs.
    pub classes: Vec<Class>,
    /// How a photograph becomes the input, as data.
    pub resize: ResizeRule,
    /// What the logits are divided by inside the network, so that nobody need do it again; 1 if it was not calibrated.
    pub temperature: f64,
    /// The layers.
    pub architecture: Architecture,
    /// SplitMetrics on the validation part, by name. Choices were made on that part, so they flatter.
    pub validation: BTreeMap<String, f64>,
    /// SplitMetrics with intervals, for each part that it was scored on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<SplitMetrics>,
    /// Thresholds chosen on the validation part, and what they do there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<Threshold>,
    /// When to say "not sure".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstention: Option<Abstention>,
    /// The checkpoint that it was written from.
    pub checkpoint: SourceCheckpoint,
    /// SHA-256 of the manifest of the dataset that it was trained with.
    pub dataset: String,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// The short code.
    pub code: String,
    /// The name in plain words.
    pub name: String,
    /// Whether it counts as malignant.
    pub malignant: bool,
}

/// What the checkpoint is worth on one part of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitMetrics {
    /// The part: choices were made on `val`, so that its figures flatter.
    pub part: Split,
    /// Images scored.
    pub images: usize,
    /// SplitMetrics by name.
    pub figures: BTreeMap<String, f64>,
    /// Their 95 % intervals, by bootstrap over lesions, as `[low, high]`.
    pub intervals: Intervals,
}

/// A threshold: a score of at least this much counts as positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// What the score is: melanoma's probability, or the sum of those of akiec, bcc and mel.
    pub target: Target,
    /// The sensitivity that it was chosen for, on the validation part: the highest threshold that has it.
    pub sensitivity_asked: f64,
    /// The threshold.
    pub threshold: f64,
    /// The part that it was chosen on, and that the figures are of, so that they flatter.
    pub chosen_on: Split,
    /// Of the positives, the share found.
    pub sensitivity: Option<f64>,
    /// Of the negatives, the share left alone.
    pub specificity: Option<f64>,
    /// Images called positive for each true one among them.
    pub referred_per_found: Option<f64>,
}

/// When the likeliest class's probability is too low for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Abstention {
    /// Below this probability of the likeliest class, say "not sure".
    pub threshold: f64,
    /// Share of the validation images that are at or above it.
    pub coverage: f64,
    /// Share of those that are answered rightly.
    pub accuracy: f64,
}

/// The checkpoint that a file was written from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCheckpoint {
    /// SHA-256 of the checkpoint file.
    pub sha256: String,
    /// `transfer` or `finetune`.
    pub phase: String,
    /// The epoch whose weights these are.
    pub epoch: usize,
}

impl Description {
    /// Describes what is exported from a checkpoint, of which these are the metadata and the SHA-256.
    pub fn new(metadata: &CheckpointMetadata, sha256: &str) -> Self {
        let class = |diagnosis: Diagnosis| Class {
            code: diagnosis.code().to_owned(),
            name: diagnosis.name().to_owned(),
            malignant: diagnosis.is_malignant(),
        };
        Self {
            format_version: FORMAT_VERSION,
            written_by: concat!("skinlesion ", env!("CARGO_PKG_VERSION")).to_owned(),
            disclaimer: DISCLAIMER.to_owned(),
            intended_use: INTENDED_USE.to_owned(),
            licence: metadata.licence.clone(),
            classes: Diagnosis::ALL.map(class).to_vec(),
            resize: metadata.resize,
            temperature: metadata.temperature.unwrap_or(1.0),
            architecture: metadata.architecture,
            validation: metadata.validation.clone(),
            metrics: Vec::new(),
            thresholds: Vec::new(),
            abstention: None,
            checkpoint: SourceCheckpoint {
                sha256: sha256.to_owned(),
                phase: metadata.phase.clone(),
                epoch: metadata.epoch,
            },
            dataset: metadata.dataset.clone(),
        }
    }

    /// Adds what the checkpoint's answers to the whole validation part are worth, with the thresholds that they give.
    pub fn judge(&mut self, answers: &Predictions) {
        let metrics = answers.score();
        self.metrics.push(SplitMetrics {
            part: Split::Val,
            images: metrics.n,
            figures: metrics.to_map(),
            intervals: bootstrap::intervals(
                &answers.truths,
                &answers.probabilities,
                &answers.lesions(),
                DEFAULT_SEED,
            ),
        });
        let threshold = |point: OperatingPoint| Threshold {
            target: point.target,
            sensitivity_asked: point.wanted_sensitivity,
            threshold: point.threshold,
            chosen_on: Split::Val,
            sensitivity: point.chosen_on.sensitivity,
            specificity: point.chosen_on.specificity,
            referred_per_found: point.chosen_on.referred_per_found,
        };
        let points = operating_points::operating_points(answers, answers);
        self.thresholds = points.into_iter().map(threshold).collect();
        let coverages = selective::coverages(answers);
        let at = coverages.iter().find(|c| c.coverage >= ANSWERED);
        self.abstention = at.map(|at| Abstention {
            threshold: at.least_confidence,
            coverage: at.coverage,
            accuracy: at.accuracy,
        });
    }

    /// Adds the figures of an evaluation that `skinlesion eval` made of the checkpoint, in place of earlier ones of the
    /// same part.
    pub fn add(&mut self, part: Split, metrics: &Metrics, intervals: &Intervals) {
        self.metrics.retain(|figures| figures.part != part);
        self.metrics.push(SplitMetrics {
            part,
            images: metrics.n,
            figures: metrics.to_map(),
            intervals: intervals.clone(),
        });
    }
}

/// A description with what goes in and out of one file.
#[derive(Clone, Debug, Serialize)]
pub struct FileDescription<'a> {
    /// What is true of all files.
    #[serde(flatten)]
    pub description: &'a Description,
    /// What is true of this one.
    #[serde(flatten)]
    pub interface: Interface,
}

impl FileDescription<'_> {
    /// The fields as named texts, for formats whose metadata are just that: a string as it is, anything
    /// else as JSON.
    pub fn fields(&self) -> Vec<(String, String)> {
        let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(self) else {
            return Vec::new(); // cannot be: the description is a struct of plain values
        };
        let text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        fields.into_iter().map(|(k, v)| (k, text(v))).collect()
    }
}

/// The part of a description without which a file cannot be run rightly.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    /// How images must be prepared.
    pub resize: ResizeRule,
    /// What goes in.
    pub input: Input,
    /// SHA-256 of the checkpoint that the file was written from.
    pub checkpoint: String,
}

impl InputSpec {
    /// Reads it from an exported file's named texts, as [`FileDescription::fields`] made them, and refuses a
    /// file of another version or with other classes.
    pub fn read(path: &Path, field: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let refuse = |problem: String| {
            Error::file(
                path,
                problem,
                "Use a file that this version of `skinlesion export` wrote.",
            )
        };
        fn parsed<T: serde::de::DeserializeOwned>(text: Option<String>) -> Option<T> {
            serde_json::from_str(&text?).ok()
        }
        let missing = |name: &str| refuse(format!("its metadata have no readable '{name}'"));
        let version: u32 =
            parsed(field("format_version")).ok_or_else(|| missing("format_version"))?;
        if !(OLDEST_VERSION..=FORMAT_VERSION).contains(&version) {
            return Err(refuse(format!(
                "export format {version}, but this program reads {OLDEST_VERSION} to {FORMAT_VERSION}"
            )));
        }
        let classes: Vec<Class> = parsed(field("classes")).ok_or_else(|| missing("classes"))?;
        let codes: Vec<&str> = classes.iter().map(|class| class.code.as_str()).collect();
        if codes != Diagnosis::ALL.map(Diagnosis::code) {
            return Err(refuse(format!("its classes are {}", codes.join(", "))));
        }
        let origin: SourceCheckpoint =
            parsed(field("checkpoint")).ok_or_else(|| missing("checkpoint"))?;
        Ok(Self {
            resize: parsed(field("resize")).ok_or_else(|| missing("resize"))?,
            input: parsed(field("input")).ok_or_else(|| missing("input"))?,
            checkpoint: origin.sha256,
        })
    }
}
