//! The checkpoint folder of a run: its creation, and its files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::checkpoint_metadata::{BEST_FILE, LAST_FILE};
use crate::training::config::TrainingConfig;
use crate::training::history;
use crate::{Error, Result, files};

/// File name of the resolved configuration.
pub const CONFIG_FILE: &str = "config.toml";

/// Refuses a folder that is not empty, unless it contains an earlier run and `replace` is set. Does not change
/// anything: the run may still be refused for other reasons.
pub fn refuse_occupied(folder: &Path, replace: bool) -> Result<()> {
    if folder.is_file() {
        return Err(Error::file(
            folder,
            "this is a file, not a folder",
            "Pass a folder with --out.",
        ));
    }
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if !occupied {
        return Ok(());
    }
    if !replace {
        return Err(Error::file(
            folder,
            "the folder already contains a run",
            "Continue it with --resume, choose another --out, or replace it with --force.",
        ));
    }
    if !folder.join(CONFIG_FILE).is_file() {
        return Err(Error::file(
            folder,
            format!("the folder has no {CONFIG_FILE}, so it is not a run that --force replaces"),
            "Choose another --out, or delete the folder.",
        ));
    }
    Ok(())
}

/// Creates the folder, deletes the files of an earlier run in it, and writes the configuration.
pub fn begin(folder: &Path, config: &TrainingConfig) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    for path in written(folder) {
        if path.exists() {
            fs::remove_file(&path).map_err(Error::io("replace", &path))?;
        }
    }
    files::write_atomically(&folder.join(CONFIG_FILE), config.to_toml().as_bytes())
}

/// Paths of all files that a run writes, most important first.
pub fn written(folder: &Path) -> Vec<PathBuf> {
    let curves = folder.join(history::CURVES);
    vec![
        folder.join(BEST_FILE),
        folder.join(LAST_FILE),
        folder.join(CONFIG_FILE),
        folder.join(history::FILE),
        curves.with_extension("png"),
        curves.with_extension("svg"),
    ]
}
