//! The checkpoint folder of a run: its creation, its lock, and its files.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::dataset::info;
use crate::files::{self, AtomicFolder, FolderFiles, PublishedFolder};
use crate::integrity::sums;
use crate::model::checkpoint_metadata::{BEST_FILE, LAST_FILE};
use crate::training::config::TrainingConfig;
use crate::training::{history, tensorboard};
use crate::{Error, Result, reading};

/// File name of the resolved configuration.
pub const CONFIG_FILE: &str = "config.toml";

/// File name of the path of the dataset folder, by which `train --resume` finds it. It is kept out of checkpoints,
/// which are given away.
const DATA_FILE: &str = "dataset.txt";

/// The longest path that is read, in bytes.
const MAX_PATH: u64 = 64 << 10;

/// The files of a run.
const FILES: FolderFiles = FolderFiles {
    marker: CONFIG_FILE,
    names: &[
        CONFIG_FILE,
        DATA_FILE,
        BEST_FILE,
        LAST_FILE,
        "history.csv*",
        "curves.png",
        "curves.svg",
        tensorboard::FILE,
        sums::FILE,
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

    /// Writes the path of the dataset folder, unless it is not UTF-8.
    pub fn write_data_path(&self, data: &Path) -> Result<()> {
        let data = std::path::absolute(data).map_err(Error::io("find", data))?;
        match data.to_str() {
            Some(text) => files::write_atomically(
                &self.path().join(DATA_FILE),
                format!("{text}\n").as_bytes(),
            ),
            None => Ok(()),
        }
    }

    /// The state of the run was saved: from the first time on, the folder is in its place.
    pub fn saved(&self) -> Result<()> {
        if let Some(draft) = self.draft.take() {
            self.lock.replace(Some(draft.publish()?));
        }
        Ok(())
    }
}

/// The dataset folder of the run in a folder.
///
/// # Errors
/// Runs of older versions do not name it.
pub fn data_path(folder: &Path) -> Result<PathBuf> {
    let path = folder.join(DATA_FILE);
    match reading::read_text(&path, MAX_PATH) {
        Ok(text) => {
            let data = PathBuf::from(text.trim_end_matches(['\r', '\n']));
            let problem = match data.join(info::FILE).is_file() {
                true => return Ok(data),
                false if data.as_os_str().is_empty() => "it is empty".to_owned(),
                false => format!("it names {}, which is no dataset folder", data.display()),
            };
            let remedy = "Pass the dataset folder that the run was started with as --data.";
            Err(Error::file(&path, problem, remedy))
        }
        Err(_) if !path.exists() => Err(Error::file(
            folder,
            "this run does not name its dataset",
            "Pass the dataset folder with --data.",
        )),
        Err(error) => Err(error),
    }
}

/// Paths of all files that a run writes, most important first.
pub fn written(folder: &Path) -> Vec<PathBuf> {
    let curves = folder.join(history::CURVES);
    let mut files = vec![
        folder.join(BEST_FILE),
        folder.join(LAST_FILE),
        folder.join(CONFIG_FILE),
        folder.join(DATA_FILE),
        folder.join(history::FILE),
        curves.with_extension("png"),
        curves.with_extension("svg"),
    ];
    files.extend(tensorboard::written(folder));
    files
}
