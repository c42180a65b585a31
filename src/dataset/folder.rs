//! A prepared dataset folder, opened for reading.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::findings::Fault;
use super::folds::TrainingFolds;
use super::info::{self, DatasetInfo};
use super::manifest::{self, Row};
use super::pixels::{self, Pixels};
use super::row_checks;
use super::sample::Split;
use crate::files::{self, Lock};
use crate::imaging::resize::ResizeRule;
use crate::integrity::{self, once};
use crate::{ClassList, Error, Result};

/// A dataset folder: manifest row `i` describes pixel image `i`.
#[derive(Debug)]
pub struct Dataset {
    /// The folder.
    pub path: PathBuf,
    /// The contents of `dataset.json`.
    pub info: DatasetInfo,
    /// The validation fold, set by [`Dataset::in_folds`]. With `None`, every fold belongs to the training split.
    pub fold: Option<usize>,
    /// The sources whose images are in the splits, set by [`Dataset::in_sources`]; all if empty.
    pub sources: Vec<String>,
    /// The manifest's rows.
    pub rows: Vec<Row>,
    /// The images.
    pub pixels: Pixels,
    /// Keeps other processes from replacing the folder.
    pub lock: Lock,
}

impl Dataset {
    /// Opens a folder and checks that its three files are those that were written: their digests and the rows
    /// ([`row_checks::of_rows`]). `pixels.bin` is read once to check it, and again when it has changed ([`once`]);
    /// [`super::validate::validate`] always reads it.
    ///
    /// # Errors
    /// A folder that another process is replacing. While it is open, none can.
    pub fn open(folder: &Path) -> Result<Self> {
        let lock = Lock::to_read(folder)?;
        let info = DatasetInfo::read(&folder.join(info::FILE))?;
        let manifest_path = folder.join(manifest::FILE);
        if files::sha256_file(&manifest_path)? != info.hashes.manifest {
            return Err(Error::file(
                &manifest_path,
                format!("its hash is not the one in {}", info::FILE),
                "The file was changed after `skinlesion prepare` wrote it. Run `skinlesion prepare` again.",
            ));
        }
        let rows = manifest::read(&manifest_path, info.classes)?;
        refuse_faults(&manifest_path, &info, &rows)?;
        let pixels = Pixels::open(
            &folder.join(pixels::FILE),
            rows.len(),
            info.resize.size as usize,
        )?;
        let pixels_path = folder.join(pixels::FILE);
        if !once::has_digest(&pixels_path, &info.hashes.pixels)? {
            let remedy = "Restore the file from a copy, or run `skinlesion prepare` again.";
            return Err(integrity::changed(&pixels_path, info::FILE, remedy));
        }
        Ok(Self {
            path: folder.to_owned(),
            info,
            fold: None,
            sources: Vec::new(),
            rows,
            pixels,
            lock,
        })
    }

    /// Returns an error unless the images were prepared with the rule `needed`. `user` names what needs it, such as
    /// "the network".
    pub fn refuse_other_resize(&self, needed: ResizeRule, user: &str) -> Result<()> {
        let found = self.info.resize;
        if found == needed {
            return Ok(());
        }
        Err(Error::file(
            &self.path,
            format!(
                "its images were prepared with {}, but {user} needs {}",
                found.flags(),
                needed.flags()
            ),
            format!(
                "Prepare the images with that rule: skinlesion prepare {} …",
                needed.flags()
            ),
        ))
    }

    /// Returns an error unless the classes are `needed`, in this order. `user` names what needs them.
    pub fn refuse_other_classes(&self, needed: ClassList, user: &str) -> Result<()> {
        let found = self.info.classes;
        if found.has_codes_of(needed) {
            return Ok(());
        }
        Err(Error::file(
            &self.path,
            format!(
                "its classes are {}, but those of {user} are {}",
                found.codes(),
                needed.codes()
            ),
            "Prepare the images with that class list: skinlesion prepare --classes …",
        ))
    }

    /// The row numbers of a split, ascending. In a dataset with folds, validation is the chosen fold.
    pub fn split_rows(&self, split: Split) -> Vec<usize> {
        (0..self.rows.len())
            .filter(|&row| self.split_of(&self.rows[row]) == Some(split))
            .collect()
    }
}

fn refuse_faults(path: &Path, info: &DatasetInfo, rows: &[Row]) -> Result<()> {
    let faults = row_checks::of_rows(info, rows);
    if faults.is_empty() {
        return Ok(());
    }
    let problems: Vec<String> = faults.iter().map(Fault::in_words).collect();
    Err(Error::file(
        path,
        problems.join("; "),
        "Run `skinlesion prepare` again. Models trained on this dataset may be scored on their own training images.",
    ))
}

impl Dataset {
    /// Chooses the folds of a run. Returns an error if the dataset has folds and `folds` is `None`, or the other way
    /// round.
    pub fn in_folds(mut self, folds: Option<TrainingFolds>) -> Result<Self> {
        let count = self.info.folds.len();
        let (problem, remedy) = match folds {
            None if count == 0 => return Ok(self),
            Some(TrainingFolds::All) if count > 0 => {
                self.fold = None;
                return Ok(self);
            }
            Some(TrainingFolds::AllBut(fold)) if fold < count => {
                self.fold = Some(fold);
                return Ok(self);
            }
            Some(TrainingFolds::AllBut(fold)) if count > 0 => (
                format!("it has {count} folds, but no fold {fold}"),
                format!("Its folds are 0 to {}.", count - 1),
            ),
            Some(_) => (
                "it has no folds".to_owned(),
                "Omit --fold, or prepare folds with `skinlesion prepare --folds 5`.".to_owned(),
            ),
            None => (
                format!("it has {count} folds, and no validation fold was chosen"),
                format!(
                    "Choose one with --fold, 0 to {}. Train once per fold; `skinlesion eval --folds` then combines \
                     the runs. To train on every fold, without validation, pass --fold all.",
                    count - 1
                ),
            ),
        };
        Err(Error::file(&self.path, problem, remedy))
    }

    /// Limits the splits to images of the named sources. Without names nothing changes.
    ///
    /// # Errors
    /// A source that the dataset does not have.
    pub fn in_sources(mut self, names: &[String]) -> Result<Self> {
        let known: BTreeSet<&str> = (self.rows.iter())
            .map(|row| row.sample.source.as_str())
            .collect();
        if let Some(name) = names.iter().find(|name| !known.contains(name.as_str())) {
            let known: Vec<&str> = known.into_iter().filter(|name| !name.is_empty()).collect();
            return Err(Error::file(
                &self.path,
                format!("it has no images of the source {name}"),
                match known.as_slice() {
                    [] => "Its metadata names no sources: omit --source.".to_owned(),
                    known => format!("Its sources are {}.", known.join(", ")),
                },
            ));
        }
        self.sources = names.to_vec();
        Ok(self)
    }

    /// Chooses the validation fold of a dataset with folds.
    pub fn in_fold(self, fold: usize) -> Result<Self> {
        self.in_folds(Some(TrainingFolds::AllBut(fold)))
    }

    /// The folds that the chosen ones stand for: `None` in a dataset without folds.
    pub fn training_folds(&self) -> Option<TrainingFolds> {
        self.folds_without(self.fold)
    }

    /// The folds that a network was trained on, given the validation fold in its metadata.
    pub fn folds_without(&self, fold: Option<usize>) -> Option<TrainingFolds> {
        match (fold, self.info.folds.is_empty()) {
            (Some(fold), _) => Some(TrainingFolds::AllBut(fold)),
            (None, false) => Some(TrainingFolds::All),
            (None, true) => None,
        }
    }

    /// The split of a row, given the chosen fold. `None` for images of that fold's lesions that are not validated
    /// on, and for images of sources that were not chosen.
    fn split_of(&self, row: &Row) -> Option<Split> {
        if !self.sources.is_empty() && !self.sources.contains(&row.sample.source) {
            return None;
        }
        match row.fold {
            Some(fold) if Some(fold.number) == self.fold => fold.validates.then_some(Split::Val),
            _ => Some(row.split),
        }
    }
}
