//! A single output file, locked while it is made.

use std::fs;
use std::path::{Path, PathBuf};

use super::leftovers::remove_leftovers;
use super::lock::Lock;
use super::place;
use crate::{Error, Result};

/// A file that a verb is about to write; nobody else writes it until this is dropped.
#[derive(Debug)]
pub struct OutputFile {
    /// The path as it was given.
    pub path: PathBuf,
    _lock: Lock,
}

impl OutputFile {
    /// Locks `path`, and creates its folder. An existing file is an error unless `replace` is set and it `is_own`:
    /// written by the verb before.
    pub fn new(path: &Path, replace: bool, is_own: impl FnOnce(&Path) -> bool) -> Result<Self> {
        let resolved = place::resolve(path).map_err(Error::io("write", path))?;
        let parent = place::parent(&resolved);
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        let lock = Lock::to_write(&resolved)?;
        remove_leftovers(parent, &resolved);
        if resolved.is_dir() {
            return Err(Error::file(
                path,
                "this is a folder, not a file",
                "Name a file.",
            ));
        }
        if resolved.exists() && !replace {
            return Err(Error::Exists(path.to_owned()));
        }
        if resolved.exists() && !is_own(&resolved) {
            return Err(Error::file(
                path,
                "this file is of another kind, so --force does not replace it",
                "Choose another name, or remove the file manually.",
            ));
        }
        // Found now, not after the work.
        tempfile::tempfile_in(parent).map_err(Error::io("write", path))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }
}
