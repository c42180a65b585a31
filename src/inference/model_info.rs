//! What a checkpoint, an export folder or an exported file says about itself. Nothing is run.

mod fields;
mod modified;

use std::path::{Path, PathBuf};

use serde::Serialize;

use self::modified::modified;
use super::onnx::OnnxClassifier;
use crate::artifact::description::Description;
use crate::artifact::exported_file::is_exported;
use crate::artifact::package::{self, Listing, MODEL_FILE};
use crate::artifact::{released, torchscript};
use crate::integrity::sums::Sums;
use crate::model::checkpoint_metadata::{self, CheckpointMetadata, EXPORTED_FILE};
use crate::{Error, Result, files, reading};

/// The facts about a network and its files.
#[derive(Debug, Serialize)]
pub struct ModelInfo {
    /// The kind of the path.
    pub kind: Kind,
    /// The network's name, such as `MobileNetV2, width 0.5`.
    pub network: String,
    /// The number of trainable parameters.
    pub parameters: u64,
    /// Multiply-adds of one image.
    pub multiply_adds: u64,
    /// The description, as in `model.json`.
    #[serde(flatten)]
    pub description: Description,
    /// The training, if the checkpoint's metadata is known.
    pub training: Option<Training>,
    /// The files: of a folder, those that hold the network.
    pub files: Vec<FileInfo>,
}

/// The kind of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A checkpoint file, or the folder of a training run.
    Checkpoint,
    /// A folder that `skinlesion export` wrote.
    ExportFolder,
    /// One exported file.
    ExportedFile,
}

impl Kind {
    /// The name for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::ExportFolder => "export folder",
            Self::ExportedFile => "exported file",
        }
    }
}

/// The training of a network.
#[derive(Debug, Serialize)]
pub struct Training {
    /// The program that wrote the checkpoint.
    pub written_by: String,
    /// The initial weights.
    pub initial_weights: String,
    /// The fold of validation, in a dataset with folds.
    pub fold: Option<usize>,
    /// The number of lesions that the weights were trained on.
    pub training_lesions: usize,
    /// The number of lesions that the epoch was selected on.
    pub validation_lesions: usize,
    /// The training configuration, as TOML.
    pub config: String,
}

/// A file that holds the network.
#[derive(Debug, Serialize)]
pub struct FileInfo {
    /// The path.
    pub file: PathBuf,
    /// The size in bytes.
    pub bytes: u64,
    /// The date of the last change, as `2026-01-31` (UTC); `None` if the file system keeps none.
    pub modified: Option<String>,
    /// SHA-256.
    pub sha256: String,
    /// Whether the hash is the one in `SHA256SUMS` or, in folders without it, in `model.json`; `None` for a file that
    /// neither lists.
    pub as_exported: Option<bool>,
}

impl ModelInfo {
    /// Reads the facts about a checkpoint (file or folder), an export folder, an exported file or the released network.
    ///
    /// # Errors
    /// A path that is none of these, damaged metadata, and a TFLite file in a build without libtorch.
    pub fn read(path: &Path) -> Result<Self> {
        let path = &released::resolve(path)?;
        std::fs::metadata(path).map_err(Error::io("read", path))?;
        if path.join(MODEL_FILE).is_file() {
            return Self::of_export(path);
        }
        match is_exported(path) {
            true => Self::of_exported_file(path),
            false => Self::of_checkpoint(path),
        }
    }

    fn of_checkpoint(path: &Path) -> Result<Self> {
        let file = checkpoint_metadata::located(path)?;
        let metadata = CheckpointMetadata::read(&file)?;
        let file = FileInfo::read(file, &Listing::default())?;
        let description = Description::new(&metadata, &file.sha256);
        Ok(Self::new(
            Kind::Checkpoint,
            description,
            Some(metadata),
            vec![file],
        ))
    }

    fn of_export(folder: &Path) -> Result<Self> {
        let listing_path = folder.join(MODEL_FILE);
        let description = Description::read(&listing_path)?;
        let listing = listing(&listing_path)?;
        let names = listing.files.iter().map(|listed| listed.file.as_str());
        let paths = names.chain([EXPORTED_FILE]).map(|name| folder.join(name));
        let files = paths
            .filter(|path| path.is_file())
            .map(|path| FileInfo::read(path, &listing))
            .collect::<Result<_>>()?;
        let metadata = package::metadata(&listing_path, &description.checkpoint.sha256)?;
        Ok(Self::new(Kind::ExportFolder, description, metadata, files))
    }

    fn of_exported_file(path: &Path) -> Result<Self> {
        let description = match path.extension().and_then(|extension| extension.to_str()) {
            Some("onnx") => {
                let file = OnnxClassifier::open(path)?;
                fields::description(path, |name| file.field(name))?
            }
            Some("pt") => fields::from_json(path, torchscript::description(path)?)?,
            _ => fields::from_json(path, Some(of_tflite(path)?))?,
        };
        let listing = listing(&path.with_file_name(MODEL_FILE))?;
        let file = FileInfo::read(path.to_owned(), &listing)?;
        let metadata = package::metadata(path, &description.checkpoint.sha256)?;
        Ok(Self::new(
            Kind::ExportedFile,
            description,
            metadata,
            vec![file],
        ))
    }

    fn new(
        kind: Kind,
        description: Description,
        metadata: Option<CheckpointMetadata>,
        files: Vec<FileInfo>,
    ) -> Self {
        let network = description.architecture.network();
        Self {
            kind,
            network: description.architecture.name(),
            parameters: network.parameters(),
            multiply_adds: network.multiply_adds(description.resize.size),
            training: metadata.map(Training::from),
            description,
            files,
        }
    }
}

impl From<CheckpointMetadata> for Training {
    fn from(metadata: CheckpointMetadata) -> Self {
        Self {
            training_lesions: metadata.seen.training_lesions.len(),
            validation_lesions: metadata.seen.validation_lesions.len(),
            written_by: metadata.written_by,
            initial_weights: metadata.initial_weights,
            fold: metadata.fold,
            config: metadata.config,
        }
    }
}

impl FileInfo {
    fn read(file: PathBuf, listing: &Listing) -> Result<Self> {
        let about = std::fs::metadata(&file).map_err(Error::io("read", &file))?;
        let sha256 = files::sha256_file(&file)?;
        let name = file.file_name().unwrap_or_default();
        let sums = Sums::read(file.parent().unwrap_or(Path::new(".")))?;
        let summed = sums
            .as_ref()
            .and_then(|sums| sums.digest(&name.to_string_lossy()));
        let listed = listing.files.iter().find(|listed| name == &*listed.file);
        let expected = summed.or(listed.map(|listed| listed.sha256.as_str()));
        Ok(Self {
            bytes: about.len(),
            modified: modified(&about),
            as_exported: expected.map(|expected| expected == sha256),
            sha256,
            file,
        })
    }
}

/// The files that a `model.json` lists; none if there is no such file.
fn listing(path: &Path) -> Result<Listing> {
    if !path.exists() {
        return Ok(Listing::default());
    }
    let bytes = reading::read(path, reading::MAX_JSON)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Error::file(
            path,
            format!("its list of files cannot be read ({error})"),
            "Export the checkpoint again, or copy the file alone into another folder.",
        )
    })
}

#[cfg(feature = "torch")]
fn of_tflite(path: &Path) -> Result<serde_json::Value> {
    super::tflite::description(path)
}

#[cfg(not(feature = "torch"))]
fn of_tflite(path: &Path) -> Result<serde_json::Value> {
    Err(Error::needs_libtorch(
        path.display().to_string(),
        "a TFLite file cannot be read without libtorch",
    ))
}
