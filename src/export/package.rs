//! What lies beside the exported networks: `model.json` and `labels.txt` for apps, `checkpoint.json` for
//! `eval`, and a model card for people.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::card::{self, CARD_FILE};
use super::description::Description;
use super::verify::Check;
use super::{Format, Source};
use crate::evaluation::Evaluation;
use crate::model::checkpoint::About;
use crate::{Diagnosis, Error, Result, files};

/// The description for apps. By this file an export folder is known.
pub const MODEL_FILE: &str = "model.json";

/// One class code a line, in the order of the outputs.
pub const LABELS_FILE: &str = "labels.txt";

/// All that the checkpoint said of itself, with the (hashed) lesions that it must not be scored on.
pub const CHECKPOINT_FILE: &str = "checkpoint.json";

/// One exported network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Written {
    /// Its name within the folder.
    pub file: String,
    /// The format's name.
    pub format: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What came of running it again.
    pub check: Check,
}

impl Written {
    /// Takes the measure of a file that was written and checked.
    pub fn new(format: Format, path: &Path, check: Check) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(Error::io("read", path))?;
        Ok(Self {
            file: format.file_name().to_owned(),
            format: format.name().to_owned(),
            bytes: metadata.len(),
            sha256: files::sha256_file(path)?,
            check,
        })
    }
}

#[derive(Serialize)]
struct Model<'a> {
    #[serde(flatten)]
    description: &'a Description,
    files: &'a [Written],
}

#[derive(Serialize, Deserialize)]
struct Provenance {
    sha256: String,
    about: About,
}

/// Writes everything but the networks and returns the files, most important first.
pub fn write(
    folder: &Path,
    source: &Source,
    description: &Description,
    networks: &[Written],
    evaluations: &[Evaluation],
) -> Result<Vec<PathBuf>> {
    let path = |name: &str| folder.join(name);
    let model = Model {
        description,
        files: networks,
    };
    files::write_json(&path(MODEL_FILE), &model)?;
    let provenance = Provenance {
        sha256: source.sha256.clone(),
        about: source.checkpoint.about.clone(),
    };
    files::write_json(&path(CHECKPOINT_FILE), &provenance)?;
    files::write_whole(&path(LABELS_FILE), labels().as_bytes())?;
    let card = card::card(source, description, networks, evaluations);
    files::write_whole(&path(CARD_FILE), card.as_bytes())?;
    let names = [MODEL_FILE, LABELS_FILE, CHECKPOINT_FILE, CARD_FILE];
    Ok(names.map(path).to_vec())
}

/// The contents of [`LABELS_FILE`].
pub fn labels() -> String {
    Diagnosis::ALL.map(Diagnosis::code).join("\n") + "\n"
}

/// The file that a user means by a path: in an export folder, the first of its networks, ONNX if it is there;
/// any other path stays what it is.
pub fn locate(path: &Path) -> PathBuf {
    let networks = [Format::Onnx, Format::TorchScript].map(|format| path.join(format.file_name()));
    match path.join(MODEL_FILE).exists() {
        true => networks.into_iter().find(|network| network.exists()),
        false => None,
    }
    .unwrap_or_else(|| path.to_owned())
}

/// What the checkpoint behind an exported file said of itself: `checkpoint.json` beside the file, if it is
/// there and is about the checkpoint with this SHA-256.
pub fn about(exported: &Path, checkpoint: &str) -> Option<About> {
    let bytes = std::fs::read(exported.with_file_name(CHECKPOINT_FILE)).ok()?;
    let provenance: Provenance = serde_json::from_slice(&bytes).ok()?;
    (provenance.sha256 == checkpoint).then_some(provenance.about)
}
