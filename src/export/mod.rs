//! A checkpoint as files that phones and other programs run. Sees only the folded network
//! ([`crate::model::fold`]), never the training code.
//!
//! Each format has a writer ([`torchscript`], [`onnx`], [`tflite`]), each written file is run again and compared
//! ([`verify`]), and [`package`] puts beside them what an app needs to know ([`description`]).

pub mod card;
pub mod description;
pub mod input;
pub mod onnx;
pub mod package;
pub mod quantize;
pub mod tflite;
pub mod torchscript;
pub mod verify;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tch::Device;

use crate::model::checkpoint::{self, Checkpoint};
use crate::model::fold::FoldedNetwork;
use crate::model::inference::CheckpointClassifier;
use crate::progress::Progress;
use crate::{Result, files};
use description::Description;
use package::Written;
use verify::Images;

/// A file format that a network can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For libtorch and PyTorch.
    TorchScript,
    /// For nearly everything else.
    Onnx,
}

impl Format {
    /// All of them, in the order in which they are written and listed.
    pub const ALL: [Self; 2] = [Self::TorchScript, Self::Onnx];

    /// Its name in flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::TorchScript => "torchscript",
            Self::Onnx => "onnx",
        }
    }

    /// The file's name within an export folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::TorchScript => "model.pt",
            Self::Onnx => "model.onnx",
        }
    }

    /// All names as "torchscript, …", for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text that is no format.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not one of {names}", names = Format::names())]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// The checkpoint that is exported.
#[derive(Debug)]
pub struct Source {
    /// Its file.
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its contents.
    pub checkpoint: Checkpoint,
    /// Its network, batch norm folded.
    pub network: FoldedNetwork,
}

impl Source {
    /// Reads a checkpoint file or folder.
    pub fn read(path: &Path) -> Result<Self> {
        let path = checkpoint::locate(path);
        let mut checkpoint = Checkpoint::read(&path)?;
        checkpoint.about.config = without_folders(&checkpoint.about.config);
        Ok(Self {
            sha256: files::sha256_file(&path)?,
            network: checkpoint.folded()?,
            path,
            checkpoint,
        })
    }
}

/// A configuration whose teachers are named without their folders, which are nobody's business once the network is
/// passed on.
fn without_folders(config: &str) -> String {
    let Ok(mut table) = config.parse::<toml::Table>() else {
        return config.to_owned();
    };
    let teachers = table.get_mut("teachers").and_then(|t| t.as_array_mut());
    for teacher in teachers.into_iter().flatten() {
        let path = teacher.as_str().map(Path::new);
        if let Some(name) = path.and_then(Path::file_name) {
            *teacher = toml::Value::String(name.to_string_lossy().into_owned());
        }
    }
    toml::to_string_pretty(&table).unwrap_or_default()
}

/// Writes the network in each format, runs each file again and compares it with the checkpoint. A file that
/// disagrees is an error, and the caller must then drop the folder.
pub fn write(
    source: &Source,
    formats: &[Format],
    description: &Description,
    folder: &Path,
    images: &Images,
    progress: &dyn Progress,
) -> Result<Vec<Written>> {
    let checkpoint = CheckpointClassifier::new(&source.checkpoint, Device::Cpu)?;
    let expected = verify::reference(&checkpoint, images, progress)?;
    let mut written = Vec::with_capacity(formats.len());
    for &format in formats {
        let path = folder.join(format.file_name());
        match format {
            Format::TorchScript => torchscript::write(&path, &source.network, description)?,
            Format::Onnx => onnx::write(&path, &source.network, description)?,
        }
        let check = verify::check(format, &path, images, &expected, progress)?;
        written.push(Written::new(format, &path, check)?);
    }
    Ok(written)
}
