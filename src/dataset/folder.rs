//! A prepared dataset folder, opened for reading.

use std::path::{Path, PathBuf};

use super::findings::Fault;
use super::info;
use super::info::DatasetInfo;
use super::manifest;
use super::manifest::Row;
use super::pixels;
use super::pixels::Pixels;
use super::row_checks;
use super::sample::Split;
use crate::imaging::resize::ResizeRule;
use crate::{Error, Result, files};

/// A dataset folder: manifest row `i` describes pixel image `i`.
#[derive(Debug)]
pub struct Dataset {
    /// The folder.
    pub path: PathBuf,
    /// What `dataset.json` says.
    pub info: DatasetInfo,
    /// The fold that is validated on, once [`Dataset::in_fold`] has chosen it.
    pub fold: Option<usize>,
    /// The manifest's rows.
    pub rows: Vec<Row>,
    /// The images.
    pub pixels: Pixels,
}

impl Dataset {
    /// Opens a folder and checks that its three files belong together: the manifest's hash, the size of the
    /// pixels, and what the rows alone can show ([`row_checks::of_rows`]). [`super::validate::prove`] reads every pixel too.
    pub fn open(folder: &Path) -> Result<Self> {
        let info = DatasetInfo::read(&folder.join(info::FILE))?;
        let manifest_path = folder.join(manifest::FILE);
        if files::sha256_file(&manifest_path)? != info.hashes.manifest {
            return Err(Error::file(
                &manifest_path,
                format!("not the manifest that {} describes", info::FILE),
                "It was changed after `skinlesion prepare` wrote it: run that again.",
            ));
        }
        let rows = manifest::read(&manifest_path)?;
        refuse_faults(&manifest_path, &info, &rows)?;
        let pixels = Pixels::open(
            &folder.join(pixels::FILE),
            rows.len(),
            info.resize.size as usize,
        )?;
        Ok(Self {
            path: folder.to_owned(),
            info,
            fold: None,
            rows,
            pixels,
        })
    }

    /// Refuses a dataset whose images were not prepared as `user` needs them, such as "the network".
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
                "Prepare the images for it: skinlesion prepare {} …",
                needed.flags()
            ),
        ))
    }

    /// The row numbers of a part, ascending. In a dataset with folds, validation is the chosen fold.
    pub fn split_rows(&self, part: Split) -> Vec<usize> {
        (0..self.rows.len())
            .filter(|&row| self.split_of(&self.rows[row]) == Some(part))
            .collect()
    }
}

fn refuse_faults(path: &Path, info: &DatasetInfo, rows: &[Row]) -> Result<()> {
    let faults = row_checks::of_rows(info, rows);
    if faults.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = faults.iter().map(Fault::in_words).collect();
    Err(Error::file(
        path,
        words.join("; "),
        "Run `skinlesion prepare` again; what was trained on it may have learnt from what it is judged by.",
    ))
}

impl Dataset {
    /// Chooses the parts of a run: in a dataset with folds, `fold` is the validation part and all the others
    /// are the training part. Refuses a dataset with folds without a fold, and the other way round.
    pub fn in_fold(mut self, fold: Option<usize>) -> Result<Self> {
        let folds = self.info.folds.len();
        let (problem, remedy) = match fold {
            None if folds == 0 => return Ok(self),
            Some(fold) if fold < folds => {
                self.fold = Some(fold);
                return Ok(self);
            }
            Some(_) if folds == 0 => (
                "it has no folds".to_owned(),
                "Leave --fold away, or make folds with `skinlesion prepare --folds 5`.".to_owned(),
            ),
            Some(fold) => (
                format!("it has {folds} folds, but no fold {fold}"),
                format!("Its folds are 0 to {}.", folds - 1),
            ),
            None => (
                format!("it is divided into {folds} folds, of which one is to be validated on"),
                format!(
                    "Say which with --fold, 0 to {}: one run for each, which `skinlesion eval --folds` then \
                     takes together.",
                    folds - 1
                ),
            ),
        };
        Err(Error::file(&self.path, problem, remedy))
    }

    /// The part of a row, which depends on the fold that was chosen. None for the images of that fold's
    /// lesions that are not validated on.
    fn split_of(&self, row: &Row) -> Option<Split> {
        match row.fold {
            Some(fold) if Some(fold.number) == self.fold => fold.validates.then_some(Split::Val),
            _ => Some(row.split),
        }
    }
}
