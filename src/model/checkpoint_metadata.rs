//! What a checkpoint says of itself, in the header of its safetensors file: readable without libtorch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use crate::imaging::resize::ResizeRule;
use crate::{Diagnosis, Error, Result, files};

/// The version of what stands in the metadata.
pub const FORMAT_VERSION: u32 = 1;

/// The best epoch's weights within a checkpoint folder: what eval, export and predict read.
pub const BEST_FILE: &str = "best.safetensors";

/// The latest weights with the optimizer's state, from which `--resume` goes on.
pub const LAST_FILE: &str = "last.safetensors";

/// The key of the metadata within the header of the file.
pub const METADATA_KEY: &str = "skinlesion";

/// What a checkpoint says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointMetadata {
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

impl CheckpointMetadata {
    /// Reads the metadata of a checkpoint file, or of the best one of a folder.
    pub fn read(path: &Path) -> Result<Self> {
        let path = &locate(path);
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let header = SafeTensors::read_metadata(&bytes).map_err(|error| {
            Error::file(
                path,
                format!("not a readable safetensors file ({error})"),
                "Fetch or write it again; a file cut short reads like this.",
            )
        })?;
        let metadata = header.1.metadata().as_ref();
        Self::parse(path, metadata.and_then(|texts| texts.get(METADATA_KEY)))
    }

    /// Reads the metadata from the text under [`METADATA_KEY`], and refuses those of another version or of other classes.
    pub fn parse(path: &Path, text: Option<&String>) -> Result<Self> {
        let text = text.ok_or_else(|| {
            Error::file(
                path,
                "these weights say nothing of how they were trained, so they are no checkpoint",
                "Name a checkpoint that `skinlesion train` wrote; bare weights go to train's --weights.",
            )
        })?;
        let another =
            "It was written by another version of the program: use that one, or train again.";
        let metadata: Self = serde_json::from_str(text).map_err(|error| {
            Error::file(
                path,
                format!("its metadata does not read ({error})"),
                another,
            )
        })?;
        if metadata.format_version != FORMAT_VERSION {
            let problem = format!(
                "checkpoint format {}, but this program reads {FORMAT_VERSION}",
                metadata.format_version
            );
            return Err(Error::file(path, problem, another));
        }
        if metadata.classes != Diagnosis::ALL.map(Diagnosis::code) {
            let problem = format!("its classes are {}", metadata.classes.join(", "));
            let remedy = format!("This program's are {}, in this order.", Diagnosis::codes());
            return Err(Error::file(path, problem, remedy));
        }
        Ok(metadata)
    }
}
