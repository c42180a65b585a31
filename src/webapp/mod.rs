//! The phone page: static files that run an exported network in the browser. Photographs never leave the device.
//!
//! The page ([`page`]) is built by `scripts/web` and embedded in this program. It reads the networks and golden vectors
//! of an export folder from `model/` ([`model`]). [`write()`] writes both to a folder for any static host; [`server`]
//! serves them.

mod gzip;
pub mod model;
pub mod page;
pub mod server;
pub mod site;

use std::fs;
use std::path::{Path, PathBuf};

use self::page::{INDEX, Page};
use crate::files::{AtomicFolder, FolderFiles};
use crate::{Error, Result};

/// The marker alone: a page is never replaced by itself.
const FILES: FolderFiles = FolderFiles {
    marker: INDEX,
    names: &[INDEX],
};

/// Writes the page and the files that it reads from an export folder to `folder`, atomically. Returns the paths,
/// `index.html` first.
///
/// # Errors
/// A `folder` that is not empty, and networks whose hash differs from the one in `model.json`.
pub fn write(folder: &Path, export: &Path) -> Result<Vec<PathBuf>> {
    write_page(folder, &Page::embedded()?, export)
}

fn write_page(folder: &Path, page: &Page, export: &Path) -> Result<Vec<PathBuf>> {
    let model_files = model::read(export)?;
    let draft = AtomicFolder::new(folder, false, &FILES)?;
    let mut written = vec![folder.join(INDEX)];
    let mut put = |name: &str, bytes: &[u8]| -> Result<()> {
        let path = draft.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        fs::write(&path, bytes).map_err(Error::io("write", &path))?;
        if name != INDEX {
            written.push(folder.join(name));
        }
        Ok(())
    };
    for file in page.files() {
        put(file.name(), &file.bytes()?)?;
    }
    for file in &model_files {
        put(&file.name, &file.bytes)?;
    }
    draft.publish()?;
    Ok(written)
}

#[cfg(test)]
mod tests;
