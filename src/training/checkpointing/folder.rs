//! The checkpoint folder of a run: what may be started in it, and what is written first.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::checkpoint_metadata::{BEST_FILE, LAST_FILE};
use crate::training::config::TrainingConfig;
use crate::training::history;
use crate::{Error, Result, files};

/// The resolved configuration's file.
pub const CONFIG_FILE: &str = "config.toml";

/// Refuses a folder that already holds something, unless `replace` allows an earlier run to go.
/// Touches nothing, so that a run can be refused for other reasons afterwards.
pub fn refuse_occupied(folder: &Path, replace: bool) -> Result<()> {
    if folder.is_file() {
        return Err(Error::file(
            folder,
            "it is a file",
            "Name a folder with --out.",
        ));
    }
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if !occupied {
        return Ok(());
    }
    if !replace {
        return Err(Error::file(
            folder,
            "a run is already there",
            "Go on with it by --resume, choose another --out, or say --force to replace it.",
        ));
    }
    if !folder.join(CONFIG_FILE).is_file() {
        return Err(Error::file(
            folder,
            format!("it holds no {CONFIG_FILE}, so it is not a run that may be replaced"),
            "Choose another --out, or remove the folder yourself.",
        ));
    }
    Ok(())
}

/// Makes the folder, without the files of an earlier run, and writes the configuration into it.
pub fn begin(folder: &Path, config: &TrainingConfig) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    for path in written(folder) {
        if path.exists() {
            fs::remove_file(&path).map_err(Error::io("replace", &path))?;
        }
    }
    files::write_atomically(&folder.join(CONFIG_FILE), config.to_toml().as_bytes())
}

/// All files that a run writes, most important first.
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
