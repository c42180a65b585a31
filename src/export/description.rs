//! What travels with every exported file: how to feed the network, what its answers mean, where it came
//! from and what it is not for. It is `model.json`, the ONNX metadata and the TorchScript file's `extra/model.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Source;
use super::input::InputKind;
use crate::model::layers::Architecture;
use crate::preprocess::ResizeRule;
use crate::{DISCLAIMER, Diagnosis, Error, Result};

/// The version of the description's fields.
pub const FORMAT_VERSION: u32 = 1;

/// Name of the network's input.
pub const INPUT: &str = "image";

/// Name of the output that sums to 1.
pub const PROBABILITIES: &str = "probabilities";

/// Name of the output before the softmax.
pub const LOGITS: &str = "logits";

const INTENDED_USE: &str = "Research and teaching on dermatoscopic photographs of pigmented skin lesions \
    that are like those of HAM10000. Not for photographs taken without a dermatoscope, not for lesions of other kinds \
    (every image gets one of the seven names, right or not), and not for decisions about a patient. \
    The training images carry no skin-tone label, so how the answers differ by skin tone is unknown.";

/// The description of a network; the same for every format.
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
    /// What goes in.
    pub input: Input,
    /// What comes out: [`PROBABILITIES`], then [`LOGITS`].
    pub outputs: Vec<Output>,
    /// How a photograph becomes the input, as data.
    pub resize: ResizeRule,
    /// How a photograph becomes the input, in words.
    pub preparation: String,
    /// What the logits are divided by inside the network, so that nobody need do it again; 1 if it was not calibrated.
    pub temperature: f64,
    /// The layers.
    pub architecture: Architecture,
    /// Figures on the validation part, by name. Choices were made on that part, so they flatter.
    pub validation: BTreeMap<String, f64>,
    /// The checkpoint that it was written from.
    pub checkpoint: Origin,
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

/// The input tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its extents; `batch` stands for any number.
    pub shape: Vec<Extent>,
    /// The type of its numbers.
    pub dtype: String,
    /// The order of its dimensions: N images, C colours, H rows, W columns.
    pub layout: String,
    /// The order of the colours.
    pub colour_order: String,
    /// What black and white are.
    pub range: [f32; 2],
}

/// An output tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its extents.
    pub shape: Vec<Extent>,
    /// The type of its numbers.
    pub dtype: String,
}

/// The size of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Extent {
    /// So many.
    Fixed(u32),
    /// Any number, under a name.
    Free(String),
}

/// The checkpoint that a file was written from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// SHA-256 of the checkpoint file.
    pub sha256: String,
    /// `transfer` or `finetune`.
    pub phase: String,
    /// The epoch whose weights these are.
    pub epoch: usize,
}

impl Description {
    /// Describes what is exported from a checkpoint, as taking [`InputKind::Unit`] in planes; see [`Self::fed`].
    pub fn new(source: &Source) -> Self {
        let about = &source.checkpoint.about;
        let class = |diagnosis: Diagnosis| Class {
            code: diagnosis.code().to_owned(),
            name: diagnosis.name().to_owned(),
            malignant: diagnosis.is_malignant(),
        };
        let batch = || Extent::Free("batch".to_owned());
        let side = Extent::Fixed(about.resize.size);
        let kind = InputKind::Unit;
        let output = |name: &str| Output {
            name: name.to_owned(),
            shape: vec![batch(), Extent::Fixed(Diagnosis::COUNT as u32)],
            dtype: "float32".to_owned(),
        };
        Self {
            format_version: FORMAT_VERSION,
            written_by: concat!("skinlesion ", env!("CARGO_PKG_VERSION")).to_owned(),
            disclaimer: DISCLAIMER.to_owned(),
            intended_use: INTENDED_USE.to_owned(),
            licence: about.licence.clone(),
            classes: Diagnosis::ALL.map(class).to_vec(),
            input: Input {
                name: INPUT.to_owned(),
                shape: vec![batch(), Extent::Fixed(3), side.clone(), side],
                dtype: kind.dtype().to_owned(),
                layout: "NCHW".to_owned(),
                colour_order: "RGB".to_owned(),
                range: kind.range(),
            },
            outputs: vec![output(PROBABILITIES), output(LOGITS)],
            resize: about.resize,
            preparation: kind.preparation(about.resize),
            temperature: about.temperature.unwrap_or(1.0),
            architecture: about.architecture,
            validation: about.validation.clone(),
            checkpoint: Origin {
                sha256: source.sha256.clone(),
                phase: about.phase.clone(),
                epoch: about.epoch,
            },
            dataset: about.dataset.clone(),
        }
    }

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// How images must be prepared.
    pub resize: ResizeRule,
    /// SHA-256 of the checkpoint that the file was written from.
    pub checkpoint: String,
}

impl Contract {
    /// Reads it from an exported file's named texts, as [`Description::fields`] made them, and refuses a
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
        if version != FORMAT_VERSION {
            return Err(refuse(format!(
                "export format {version}, but this program reads {FORMAT_VERSION}"
            )));
        }
        let classes: Vec<Class> = parsed(field("classes")).ok_or_else(|| missing("classes"))?;
        let codes: Vec<&str> = classes.iter().map(|class| class.code.as_str()).collect();
        if codes != Diagnosis::ALL.map(Diagnosis::code) {
            return Err(refuse(format!("its classes are {}", codes.join(", "))));
        }
        let origin: Origin = parsed(field("checkpoint")).ok_or_else(|| missing("checkpoint"))?;
        Ok(Self {
            resize: parsed(field("resize")).ok_or_else(|| missing("resize"))?,
            checkpoint: origin.sha256,
        })
    }
}
