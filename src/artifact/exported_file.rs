//! An exported file, as listed in `model.json`.

use std::path::Path;

use serde::Serialize;

use super::check::Check;
use super::format::Format;
use super::interface::Interface;
use crate::{Error, Result, files};

/// An exported network file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedFile {
    /// The file name within the export folder.
    pub file: String,
    /// The format's name.
    pub format: String,
    /// The size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The input and outputs.
    #[serde(flatten)]
    pub interface: Interface,
    /// The comparison with the checkpoint.
    pub check: Check,
}

impl ExportedFile {
    /// Describes a file that was written and checked.
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

    /// The file that examples name: the first that contains no code, as TorchScript files do.
    pub fn example(files: &[Self]) -> &str {
        let mut without_code = files.iter().filter(|file| !file.has_code());
        let file = without_code.next().or(files.first());
        file.map_or("model.onnx", |file| &file.file)
    }

    /// Whether the file contains code that runs when it is opened.
    pub fn has_code(&self) -> bool {
        self.format == Format::TorchScript.name()
    }

    /// Whether the file accepts images of any size and resizes them.
    pub fn resizes(&self) -> bool {
        self.interface.resizes
    }
}

/// Whether a file is an exported one by its extension, and not a checkpoint.
pub fn is_exported(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("onnx" | "tflite" | "pt"))
}
