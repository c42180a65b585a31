//! Checkpoint metadata, in the header of the safetensors file. It can be read without libtorch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::novelty_rule::NoveltyRule;
use super::safetensors_digest;
use super::seen::Seen;
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::{ClassList, Error, Result, reading};

/// Version of the metadata format.
pub const FORMAT_VERSION: u32 = 1;

/// File name of the best epoch's weights within a checkpoint folder, which `eval`, `export` and `predict` read.
pub const BEST_FILE: &str = "best.safetensors";

/// File name of the last weights and the train state within a checkpoint folder, from which `--resume` continues.
pub const LAST_FILE: &str = "last.safetensors";

/// File name of a checkpoint within an export folder (`skinlesion export --include-checkpoint`).
pub const EXPORTED_FILE: &str = "checkpoint.safetensors";

/// Key of the metadata in the file's header.
pub const METADATA_KEY: &str = "skinlesion";

/// Metadata of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointMetadata {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The program that wrote it, such as `skinlesion 0.2.0`.
    pub written_by: String,
    /// The classes in the order of the outputs. Files of older versions have their codes alone.
    pub classes: ClassList,
    /// The network's architecture.
    pub architecture: Architecture,
    /// How images are resized to the network's input.
    pub resize: ResizeRule,
    /// Training phase: `transfer` or `finetune`.
    pub phase: String,
    /// The resolved training configuration, as TOML.
    pub config: String,
    /// SHA-256 of the manifest of the training dataset.
    pub dataset: String,
    /// The fold that was used for validation, in a dataset with folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
    /// The epoch of the weights, from 1.
    pub epoch: usize,
    /// Metrics on the val split after that epoch, by name.
    pub validation: BTreeMap<String, f64>,
    /// Temperature that divides the logits, if `skinlesion calibrate` has determined it; else 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The decision rules.
    #[serde(default)]
    pub decisions: Decisions,
    /// The threshold of the novelty score, if `skinlesion calibrate` has determined it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<NoveltyRule>,
    /// Priors of the classes in training, in proportion to images × weight in the loss; `None` in files of older
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_priors: Option<Vec<f64>>,
    /// The images that the weights were trained and selected on.
    #[serde(flatten)]
    pub seen: Seen,
    /// Training images of the last run by source, which is empty where it is not named. Files of older versions have
    /// none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, usize>,
    /// Description of the initial weights.
    pub initial_weights: String,
    /// Licence of the weights, which is that of the training images.
    pub licence: String,
}

/// The checkpoint file of a path: the file itself, or in a folder the best epoch's, or the one that was exported.
pub fn locate(path: &Path) -> PathBuf {
    let exported = path.join(EXPORTED_FILE);
    match path.is_dir() {
        true if exported.is_file() && !path.join(BEST_FILE).exists() => exported,
        true => path.join(BEST_FILE),
        false => path.to_owned(),
    }
}

/// As [`locate`].
///
/// # Errors
/// A folder without a checkpoint.
pub fn located(path: &Path) -> Result<PathBuf> {
    let file = locate(path);
    match path.is_dir() && !file.exists() {
        true => Err(Error::file(
            path,
            format!("this folder holds no checkpoint ({BEST_FILE} or {EXPORTED_FILE})"),
            "Pass a folder that `skinlesion train` wrote, a checkpoint file, or an export with --include-checkpoint.",
        )),
        false => Ok(file),
    }
}

const OTHER_VERSION: &str =
    "It was written by another version of skinlesion: use that version, or train again.";

impl CheckpointMetadata {
    /// Reads the metadata of a checkpoint file, or of a folder's ([`located`]).
    pub fn read(path: &Path) -> Result<Self> {
        let path = &located(path)?;
        let bytes = reading::read(path, reading::MAX_NETWORK)?;
        let metadata = safetensors_digest::parse(path, &bytes)?.metadata;
        Self::parse(path, metadata.get(METADATA_KEY))
    }

    /// The same without the folders of the teachers in the configuration: a checkpoint that is given away must not name
    /// private paths of the machine that made it.
    pub fn without_folders(mut self) -> Self {
        if let Ok(mut table) = self.config.parse::<toml::Table>() {
            let teachers = table.get_mut("teachers").and_then(|t| t.as_array_mut());
            for teacher in teachers.into_iter().flatten() {
                let path = teacher.as_str().map(Path::new);
                if let Some(name) = path.and_then(Path::file_name) {
                    *teacher = toml::Value::String(name.to_string_lossy().into_owned());
                }
            }
            self.config = toml::to_string_pretty(&table).unwrap_or_default();
        }
        self
    }

    /// The metadata of a weights file, if it is a checkpoint of this program.
    ///
    /// # Errors
    /// Those of [`CheckpointMetadata::parse`]. A file in another format has none.
    pub fn read_if_any(path: &Path) -> Result<Option<Self>> {
        if !path.is_file() {
            return Ok(None); // whoever reads the weights says so
        }
        let bytes = reading::read(path, reading::MAX_NETWORK)?;
        let Ok(contents) = safetensors_digest::parse(path, &bytes) else {
            return Ok(None);
        };
        let text = contents.metadata.get(METADATA_KEY);
        text.map(|text| Self::parse(path, Some(text))).transpose()
    }

    /// Parses the text under [`METADATA_KEY`]. Refuses metadata of another format version.
    pub fn parse(path: &Path, text: Option<&String>) -> Result<Self> {
        let text = text.ok_or_else(|| {
            Error::file(
                path,
                "this file has no skinlesion metadata, so it is not a checkpoint",
                "Pass a checkpoint that `skinlesion train` wrote. Plain weights are for `skinlesion train --weights`.",
            )
        })?;
        let mut metadata: Self = serde_json::from_str(text).map_err(|error| {
            Error::file(
                path,
                format!("the metadata is not readable ({error})"),
                OTHER_VERSION,
            )
        })?;
        metadata.decisions.complete(metadata.classes);
        metadata.refuse_unusable(path)?;
        Ok(metadata)
    }

    /// Refuses metadata of another format version, or with numbers that no network has.
    pub fn refuse_unusable(&self, path: &Path) -> Result<()> {
        if self.format_version != FORMAT_VERSION {
            let problem = format!(
                "checkpoint format {} is not supported, only format {FORMAT_VERSION}",
                self.format_version
            );
            return Err(Error::file(path, problem, OTHER_VERSION));
        }
        self.refuse_impossible(path)
    }

    /// Refuses numbers that no network has.
    fn refuse_impossible(&self, path: &Path) -> Result<()> {
        let Architecture { width, classes } = self.architecture;
        let temperature = self.temperature.unwrap_or(1.0);
        let problem = if !(Architecture::WIDTHS.contains(&width) && classes == self.classes.len()) {
            format!("the network has the width {width} and {classes} classes")
        } else if !(temperature.is_finite() && temperature as f32 > 0.0) {
            format!("the temperature is {temperature}, but must be above 0")
        } else if self.class_priors.as_ref().is_some_and(|priors| {
            priors.len() != classes || priors.iter().any(|p| !p.is_finite() || *p < 0.0)
        }) {
            "the class priors are not fractions".to_owned()
        } else if self.novelty.is_some_and(|rule| !rule.is_valid()) {
            "the threshold of the novelty score is not a number above 0".to_owned()
        } else if !self.decisions.fit(self.classes) {
            "its decisions are not of its classes".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::file(
            path,
            problem,
            "The file is damaged: restore it from a copy, download it again, or train again.",
        ))
    }
}
