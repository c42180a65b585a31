//! The files of an export folder, and how one is found: `model.json` and `labels.txt` for apps, `checkpoint.json` for
//! `eval`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::format::{Family, Format};
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::{Diagnosis, Error, Result};

/// The description for apps. By this file an export folder is known.
pub const MODEL_FILE: &str = "model.json";

/// One class code a line, in the order of the outputs.
pub const LABELS_FILE: &str = "labels.txt";

/// All that the checkpoint said of itself, with the (hashed) lesions that it must not be scored on.
pub const CHECKPOINT_FILE: &str = "checkpoint.json";

/// Which file of an export folder is meant by the folder: the most exact one that every machine can run.
const PREFERRED: [Format; 7] = [
    Format::Onnx,
    Format::TorchScript,
    Format::Tflite,
    Format::OnnxFp16,
    Format::TfliteFp16,
    Format::OnnxInt8,
    Format::TfliteInt8,
];

/// The vectors' file within an export folder.
pub const GOLDEN_FILE: &str = "golden.json";

/// The pictures' folder within an export folder.
pub const GOLDEN_FOLDER: &str = "golden";

/// The contents of [`CHECKPOINT_FILE`].
#[derive(Serialize, Deserialize)]
pub struct Provenance {
    /// SHA-256 of the checkpoint.
    pub sha256: String,
    /// What it said of itself.
    #[serde(rename = "about")]
    pub metadata: CheckpointMetadata,
}

/// The contents of [`LABELS_FILE`].
pub fn labels() -> String {
    Diagnosis::ALL.map(Diagnosis::code).join("\n") + "\n"
}

/// The file that a user means by a path: in an export folder, the first of its networks in the order of
/// [`PREFERRED`];
/// any other path stays what it is.
pub fn locate(path: &Path) -> PathBuf {
    // Without libtorch, only ONNX files can be run.
    let runs = |format: &Format| cfg!(feature = "torch") || format.family() == Family::Onnx;
    let networks = PREFERRED.into_iter().filter(runs);
    let mut files = networks.map(|format| path.join(format.file_name()));
    match path.join(MODEL_FILE).exists() {
        true => files.find(|network| network.exists()),
        false => None,
    }
    .unwrap_or_else(|| path.to_owned())
}

/// SHA-256 of the checkpoint behind an exported file and what it said of itself, from the `checkpoint.json` beside the file.
pub fn provenance(exported: &Path) -> Result<(String, CheckpointMetadata)> {
    let path = exported.with_file_name(CHECKPOINT_FILE);
    let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
    let provenance: Provenance = serde_json::from_slice(&bytes).map_err(|error| {
        Error::line(
            &path,
            error.line() as u64,
            error.to_string(),
            "Name a checkpoint, or an export folder that `skinlesion export` wrote.",
        )
    })?;
    Ok((provenance.sha256, provenance.metadata))
}

/// What the checkpoint behind an exported file said of itself: `checkpoint.json` beside the file, if it is
/// there and is about the checkpoint with this SHA-256.
pub fn metadata(exported: &Path, checkpoint: &str) -> Option<CheckpointMetadata> {
    let bytes = std::fs::read(exported.with_file_name(CHECKPOINT_FILE)).ok()?;
    let provenance: Provenance = serde_json::from_slice(&bytes).ok()?;
    (provenance.sha256 == checkpoint).then_some(provenance.metadata)
}
