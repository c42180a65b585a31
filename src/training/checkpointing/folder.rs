//! The checkpoint folder of a run: its creation, its lock, and its files.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::files::{self, AtomicFolder, FolderFiles, PublishedFolder};
use crate::model::checkpoint_metadata::{BEST_FILE, LAST_FILE};
use crate::training::config::TrainingConfig;
use crate::training::history;
use crate::{Error, Result};

/// File name of the resolved configuration.
pub const CONFIG_FILE: &str = "config.toml";

/// The files of a run.
const FILES: FolderFiles = FolderFiles {
    marker: CONFIG_FILE,
    names: &[
        CONFIG_FILE,
        BEST_FILE,
        LAST_FILE,
        "history.csv*",
        "curves.png",
        "curves.svg",
        "SHA256SUMS",
    ],
};

/// The folder of a run, locked. A new run is written under a temporary name until its first save, from which it can be
/// resumed; only then does it take its place, or that of an earlier run. So a folder with a run can always be resumed.
#[derive(Debug)]
pub struct RunFolder {
    target: PathBuf,
    /// `None` once it took its place.
    draft: RefCell<Option<AtomicFolder>>,
    lock: RefCell<Option<PublishedFolder>>,
}

impl RunFolder {
    /// Begins a run. A folder that is not empty is refused, unless it contains an earlier run and `replace` is set, or
    /// a run that saved nothing.
    pub fn create(folder: &Path, replace: bool) -> Result<Self> {
        if folder.is_file() {
            return Err(Error::file(
                folder,
                "this is a file, not a folder",
                "Pass a folder with --out.",
            ));
        }
        let saved = [BEST_FILE, LAST_FILE].map(|file| folder.join(file).exists());
        let replace = match saved {
            _ if replace => true,
            [_, true] => {
                return Err(Error::file(
                    folder,
                    "the folder already contains a run",
                    "Continue it with --resume, choose another --out, or replace it with --force.",
                ));
            }
            [true, false] => {
                return Err(Error::file(
                    folder,
                    format!("the folder already contains a {BEST_FILE}"),
                    "Choose another --out, or replace it with --force.",
                ));
            }
            [false, false] => folder.join(CONFIG_FILE).is_file(),
        };
        Ok(Self {
            target: folder.to_owned(),
            draft: RefCell::new(Some(AtomicFolder::new(folder, replace, &FILES)?)),
            lock: RefCell::default(),
        })
    }

    /// Opens the folder of a run to go on with it.
    pub fn resume(folder: &Path) -> Result<Self> {
        let last = folder.join(LAST_FILE);
        if !last.is_file() {
            let remedy = match folder.join(BEST_FILE).exists() {
                true => "Start one in another --out, or replace this one with --force.",
                false => "Start one without --resume.",
            };
            return Err(Error::file(
                &last,
                "not found, so there is no run to resume",
                remedy,
            ));
        }
        Ok(Self {
            target: folder.to_owned(),
            draft: RefCell::default(),
            lock: RefCell::new(Some(PublishedFolder::open(folder, &FILES)?)),
        })
    }

    /// Where the files of the run are written at present.
    pub fn path(&self) -> PathBuf {
        match &*self.draft.borrow() {
            Some(draft) => draft.path().to_owned(),
            None => self.target.clone(),
        }
    }

    /// Writes the configuration of a new run.
    pub fn write_config(&self, config: &TrainingConfig) -> Result<()> {
        files::write_atomically(&self.path().join(CONFIG_FILE), config.to_toml().as_bytes())
    }

    /// The state of the run was saved: from the first time on, the folder is in its place.
    pub fn saved(&self) -> Result<()> {
        if let Some(draft) = self.draft.take() {
            self.lock.replace(Some(draft.publish()?));
        }
        Ok(())
    }
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
