//! One network file of an export folder, as `model.json` lists it.

use std::path::Path;

use serde::Serialize;

use super::check::Check;
use super::format::Format;
use super::interface::Interface;
use crate::{Error, Result, files};

/// One exported network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedFile {
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

impl ExportedFile {
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
