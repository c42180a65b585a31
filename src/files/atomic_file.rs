//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::Builder;

use super::place;
use super::sync::sync_folder;
use super::temporary::Temporary;
use crate::{Error, Result};

/// Writes a file atomically: under a temporary name in the same folder, through to the disk, then renamed.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes).map_err(Error::io("write", path))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = place::resolve(path)?;
    let parent = place::parent(&target);
    let (temporary, mut file) = Temporary::new(|| {
        // Created like a normal file, with the permissions of the umask: tempfile's default is private.
        let file = Builder::new()
            .prefix(&place::temporary_prefix(&target))
            .make_in(parent, |temporary| File::create_new(temporary))?;
        let (file, path) = file.keep()?;
        Ok((path, file))
    })?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    temporary.publish(|temporary| fs::rename(temporary, &target))?;
    sync_folder(parent)
}

/// Writes a value atomically as indented JSON with a trailing newline.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|source| Error::io("write", path)(io::Error::other(source)))?;
    bytes.push(b'\n');
    write_atomically(path, &bytes)
}
