//! A prepared dataset folder, opened for reading.

use std::path::{Path, PathBuf};

use super::manifest::{self, Row};
use super::pixels::{self, Pixels};
use super::{DatasetInfo, Part, info};
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
    /// Opens a folder and checks that its three files belong together: the manifest's hash, the row
    /// count, the size of the pixels, and that no lesion is in two parts or two folds.
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
        refuse_shared_lesions(&manifest_path, &rows)?;
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

fn refuse_shared_lesions(path: &Path, rows: &[Row]) -> Result<()> {
    let place = |row: &Row| match row.fold {
        Some(fold) => format!("fold {}", fold.number),
        None => format!("the {} part", row.split),
    };
    let mut first_of = std::collections::HashMap::new();
    for (number, row) in rows.iter().enumerate() {
        let first: &Row = first_of.entry(row.sample.lesion_id.as_str()).or_insert(row);
        let (here, there) = (place(row), place(first));
        if here != there {
            return Err(Error::line(
                path,
                number as u64 + 2, // the header is line 1
                format!(
                    "lesion {} is in {there} and in {here}",
                    row.sample.lesion_id
                ),
                "A split that shares a lesion leaks: run `skinlesion prepare` again.",
            ));
        }
    }
    Ok(())
}
