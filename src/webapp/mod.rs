//! The page that runs an exported network in a phone's browser: static files that compute there and send no
//! photograph anywhere.
//!
//! The page itself ([`page`]) is built by `scripts/web` and is inside this program. Beside it, in `model/`, it
//! reads the networks and golden vectors of an export folder ([`model`]). [`write()`] puts both into a folder that
//! any static host can offer; [`server`] offers them from here.

mod gzip;
pub mod model;
pub mod page;
pub mod server;
pub mod site;

use std::fs;
use std::path::{Path, PathBuf};

use self::page::{INDEX, Page};
use crate::files::AtomicFolder;
use crate::{Error, Result};

/// Writes the page and what it reads of an export folder to `folder`, whole or not at all, and returns its files,
/// `index.html` first. A `folder` that holds anything already is refused, and so is an export whose networks are
/// not what its `model.json` says.
pub fn write(folder: &Path, export: &Path) -> Result<Vec<PathBuf>> {
    write_page(folder, &Page::embedded()?, export)
}

fn write_page(folder: &Path, page: &Page, export: &Path) -> Result<Vec<PathBuf>> {
    let beside = model::read(export)?;
    let draft = AtomicFolder::new(folder, false, INDEX)?;
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
    for file in &beside {
        put(&file.name, &file.bytes)?;
    }
    draft.publish()?;
    Ok(written)
}

#[cfg(test)]
mod tests;
