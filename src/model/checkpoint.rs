//! A trained network on disk: one safetensors file that says everything about itself.
//!
//! The tensors have torchvision's names. The header's metadata has one key, `skinlesion`, whose value is
//! [`About`] as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fold::{self, FoldedNetwork};
use super::layers::Architecture;
use super::tensors::{self, Metadata, NamedTensors};
use crate::preprocess::ResizeRule;
use crate::{Diagnosis, Error, Result, files};

/// The version of what stands in the metadata.
pub const FORMAT_VERSION: u32 = 1;

/// The best epoch's weights within a checkpoint folder: what eval, export and predict read.
pub const BEST_FILE: &str = "best.safetensors";

/// The latest weights with the optimizer's state, from which `--resume` goes on.
pub const LAST_FILE: &str = "last.safetensors";

const METADATA_KEY: &str = "skinlesion";

/// A network and what is known of it.
#[derive(Debug)]
pub struct Checkpoint {
    /// Every tensor of [`super::layers::Network::tensor_shapes`], f32 on the CPU.
    pub tensors: NamedTensors,
    /// How it came about.
    pub about: About,
}

/// What a checkpoint says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The program that wrote it, such as `skinlesion 0.1.0`.
    pub written_by: String,
    /// Class codes in the order of the outputs.
    pub classes: Vec<String>,
    /// The layers.
    pub architecture: Architecture,
    /// How an image becomes the input.
    pub resize: ResizeRule,
    /// `transfer` or `finetune`.
    pub phase: String,
    /// The resolved configuration, as TOML.
    pub config: String,
    /// SHA-256 of the manifest that it was trained with.
    pub dataset: String,
    /// The fold that it was validated on, in a dataset with folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// The epoch whose weights these are, from 1.
    pub epoch: usize,
    /// Figures on the validation part at that epoch, by name.
    pub validation: BTreeMap<String, f64>,
    /// What logits are divided by before the softmax, once `skinlesion calibrate` has found it; 1 without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// [`lesion_hash`] of every lesion that gradients came from, here or in the checkpoint it started from.
    pub training_lesions: Vec<String>,
    /// [`lesion_hash`] of every lesion that choices were made on.
    pub validation_lesions: Vec<String>,
    /// Where the first weights came from, in words.
    pub initial_weights: String,
    /// Licence of the weights, which is that of the images.
    pub licence: String,
}

/// Names a lesion without giving away its id: the first 16 hexadecimal digits of the id's SHA-256.
pub fn lesion_hash(lesion_id: &str) -> String {
    let mut digest = files::sha256(lesion_id.as_bytes());
    digest.truncate(16);
    digest
}

/// The file that a user means by a folder or a file: in a folder, the best epoch's.
pub fn locate(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join(BEST_FILE)
    } else {
        path.to_owned()
    }
}

impl Checkpoint {
    /// Reads a checkpoint file or the best one of a folder. Every name, shape and type is checked.
    /// Tensors that are not the network's (an optimizer's state) are left out.
    pub fn read(path: &Path) -> Result<Self> {
        let path = &locate(path);
        if matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("onnx" | "pt" | "tflite")
        ) {
            return Err(Error::file(
                path,
                "this is an exported file, not a checkpoint",
                "Name the checkpoint that it was exported from.",
            ));
        }
        let (mut tensors, metadata) = tensors::read_safetensors(path)?;
        let about = metadata.get(METADATA_KEY).ok_or_else(|| {
            Error::file(
                path,
                "these weights say nothing of how they were trained, so they are no checkpoint",
                "Name a checkpoint that `skinlesion train` wrote; bare weights go to train's --weights.",
            )
        })?;
        let about = About::parse(path, about)?;
        let network = about.architecture.network();
        let shapes = network.tensor_shapes();
        for (name, shape) in &shapes {
            let found = tensors.get(name).map(|t| (t.size(), t.kind()));
            if found != Some((shape.clone(), tch::Kind::Float)) {
                return Err(Error::file(
                    path,
                    format!("{name} should be f32 of shape {shape:?}, but is {found:?}"),
                    "The file is damaged: train or fetch it again.",
                ));
            }
        }
        tensors.retain(|name, _| shapes.iter().any(|(known, _)| known == name));
        Ok(Self { tensors, about })
    }

    /// The network that scores, predicts and is exported: batch norm folded into the convolutions, and the
    /// temperature into the head, so that its logits are already divided by it.
    pub fn folded(&self) -> Result<FoldedNetwork> {
        let mut folded = fold::fold(&self.about.architecture.network(), &self.tensors)?;
        let temperature = self.about.temperature.unwrap_or(1.0) as f32;
        let head = &mut folded.head;
        for value in head.weight.iter_mut().chain(&mut head.bias) {
            *value /= temperature;
        }
        Ok(folded)
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        self.write_with(path, NamedTensors::new(), Metadata::new())
    }

    /// Writes it with more tensors and metadata beside its own (an optimizer's state), whole or not at all.
    pub fn write_with(
        &self,
        path: &Path,
        mut tensors: NamedTensors,
        mut metadata: Metadata,
    ) -> Result<()> {
        let about = serde_json::to_string(&self.about)
            .map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
        metadata.insert(METADATA_KEY.to_owned(), about);
        let own = self.tensors.iter();
        tensors.extend(own.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())));
        tensors::write_safetensors(path, &tensors, &metadata)
    }
}

impl About {
    fn parse(path: &Path, text: &str) -> Result<Self> {
        let another =
            "It was written by another version of the program: use that one, or train again.";
        let about: Self = serde_json::from_str(text).map_err(|error| {
            Error::file(
                path,
                format!("its metadata does not read ({error})"),
                another,
            )
        })?;
        if about.format_version != FORMAT_VERSION {
            let problem = format!(
                "checkpoint format {}, but this program reads {FORMAT_VERSION}",
                about.format_version
            );
            return Err(Error::file(path, problem, another));
        }
        if about.classes != Diagnosis::ALL.map(Diagnosis::code) {
            let problem = format!("its classes are {}", about.classes.join(", "));
            let remedy = format!("This program's are {}, in this order.", Diagnosis::codes());
            return Err(Error::file(path, problem, remedy));
        }
        Ok(about)
    }
}
