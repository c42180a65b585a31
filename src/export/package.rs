//! What lies beside the exported networks: `model.json` and `labels.txt` for apps, `checkpoint.json` for
//! `eval`, and a model card for people.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::card::{self, CARD_FILE};
use super::description::Description;
use super::golden::{self, GOLDEN_FILE};
use super::interface::Interface;
use super::verify::Check;
use super::{Format, Source, readme};
use crate::evaluation::Evaluation;
use crate::model::checkpoint::About;
use crate::{Diagnosis, Error, Result, files};

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
    /// What goes in and what comes out.
    #[serde(flatten)]
    pub interface: Interface,
    /// What came of running it again.
    pub check: Check,
}

impl Written {
    /// Takes the measure of a file that was written and checked.
    pub fn new(format: Format, path: &Path, interface: Interface, check: Check) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(Error::io("read", path))?;
        Ok(Self {
            file: format.file_name().to_owned(),
            format: format.name().to_owned(),
            bytes: metadata.len(),
            sha256: files::sha256_file(path)?,
            interface,
            check,
        })
    }

    /// Whether it takes images of any size.
    pub fn resizes(&self) -> bool {
        self.interface.resizes
    }
}

#[derive(Serialize)]
struct Model<'a> {
    #[serde(flatten)]
    description: &'a Description,
    golden: &'a str,
    files: &'a [Written],
}

#[derive(Serialize, Deserialize)]
struct Provenance {
    sha256: String,
    about: About,
}

/// Writes everything but the networks and the page, and returns the files, most important first.
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
        golden: GOLDEN_FILE,
        files: networks,
    };
    files::write_json(&path(MODEL_FILE), &model)?;
    let provenance = Provenance {
        sha256: source.sha256.clone(),
        about: source.about.clone(),
    };
    files::write_json(&path(CHECKPOINT_FILE), &provenance)?;
    files::write_whole(&path(LABELS_FILE), labels().as_bytes())?;
    let card = card::card(source, description, networks, evaluations);
    files::write_whole(&path(CARD_FILE), card.as_bytes())?;
    golden::write(folder, description.resize, networks)?;
    let readme = readme::readme(description, networks);
    files::write_whole(&path(readme::README_FILE), readme.as_bytes())?;
    let names = [
        MODEL_FILE,
        GOLDEN_FILE,
        LABELS_FILE,
        CHECKPOINT_FILE,
        CARD_FILE,
        readme::README_FILE,
    ];
    Ok(names.map(path).to_vec())
}

/// The contents of [`LABELS_FILE`].
pub fn labels() -> String {
    Diagnosis::ALL.map(Diagnosis::code).join("\n") + "\n"
}

/// The file that a user means by a path: in an export folder, the first of its networks in the order of
/// [`PREFERRED`];
/// any other path stays what it is.
pub fn locate(path: &Path) -> PathBuf {
    let networks = PREFERRED.map(|format| path.join(format.file_name()));
    match path.join(MODEL_FILE).exists() {
        true => networks.into_iter().find(|network| network.exists()),
        false => None,
    }
    .unwrap_or_else(|| path.to_owned())
}

/// SHA-256 of the checkpoint behind an exported file and what it said of itself, from the `checkpoint.json` beside the file.
pub fn provenance(exported: &Path) -> Result<(String, About)> {
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
    Ok((provenance.sha256, provenance.about))
}

/// What the checkpoint behind an exported file said of itself: `checkpoint.json` beside the file, if it is
/// there and is about the checkpoint with this SHA-256.
pub fn about(exported: &Path, checkpoint: &str) -> Option<About> {
    let bytes = std::fs::read(exported.with_file_name(CHECKPOINT_FILE)).ok()?;
    let provenance: Provenance = serde_json::from_slice(&bytes).ok()?;
    (provenance.sha256 == checkpoint).then_some(provenance.about)
}
