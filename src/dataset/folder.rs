//! A prepared dataset folder, opened for reading.

use std::path::{Path, PathBuf};

use super::manifest::{self, Row};
use super::pixels::{self, Pixels};
use super::{DatasetInfo, Part, check, info};
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
    /// pixels, and what the rows alone can show ([`check::of_rows`]). [`check::prove`] reads every pixel too.
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

    /// The row numbers of a part, ascending. In a dataset with folds, validation is the chosen fold.
    pub fn part(&self, part: Part) -> Vec<usize> {
        (0..self.rows.len())
            .filter(|&row| self.part_of(&self.rows[row]) == Some(part))
            .collect()
    }
}

fn refuse_faults(path: &Path, info: &DatasetInfo, rows: &[Row]) -> Result<()> {
    let faults = check::of_rows(info, rows);
    if faults.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = faults.iter().map(check::Fault::in_words).collect();
    Err(Error::file(
        path,
        words.join("; "),
        "Run `skinlesion prepare` again; what was trained on it may have learnt from what it is judged by.",
    ))
}
