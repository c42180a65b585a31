//! Lesions that show the same skin, on the way to a dataset folder.

use std::path::{Path, PathBuf};

use crate::dataset::Sample;
use crate::dataset::manifest::Row;
use crate::dataset::near_duplicates::fingerprint::Look;
use crate::dataset::near_duplicates::search;
use crate::dataset::near_duplicates::search::Pair;
use crate::dataset::near_duplicates::summary::{Limits, NearDuplicates, Treatment};
use crate::dataset::near_duplicates::{groups, page, table};
use crate::progress::Progress;
use crate::{Result, files};

/// Lesions that show the same skin.
pub struct Near {
    treatment: Treatment,
    pairs: Vec<Pair>,
    /// What is joined.
    pub groups: Vec<Vec<String>>,
}

impl Near {
    /// Looks for pairs among samples that have been looked at, if pairs are wanted.
    pub fn among(
        samples: &[Sample],
        looks: &[Option<Look>],
        treatment: Treatment,
        progress: &dyn Progress,
    ) -> Self {
        let pairs = match treatment {
            Treatment::Off => Vec::new(),
            Treatment::Join | Treatment::List => search::among(samples, looks, progress),
        };
        let groups = match treatment {
            Treatment::Join => groups::groups(samples, &pairs),
            Treatment::List | Treatment::Off => Vec::new(),
        };
        Self {
            treatment,
            pairs,
            groups,
        }
    }

    /// Writes the table and the page, if pairs were looked for, and names them.
    pub fn write(
        &self,
        folder: &Path,
        samples: &[Sample],
        files: &[PathBuf],
        rows: &[Row],
    ) -> Result<Vec<PathBuf>> {
        if self.treatment == Treatment::Off {
            return Ok(Vec::new());
        }
        let lines = table::lines(samples, rows, &self.pairs);
        let html = page::html(&self.pairs, &lines, files, self.treatment);
        files::write_atomically(&folder.join(table::FILE), &table::to_csv(&lines))?;
        files::write_atomically(&folder.join(page::FILE), html.as_bytes())?;
        Ok([table::FILE, page::FILE].map(PathBuf::from).to_vec())
    }

    /// What `dataset.json` says of it; nothing if pairs were not looked for.
    pub fn describe(self, moved: usize) -> Option<NearDuplicates> {
        (self.treatment != Treatment::Off).then_some(NearDuplicates {
            treatment: self.treatment,
            pairs: self.pairs.len(),
            joined: self.groups,
            moved,
            limits: Limits::USED,
        })
    }
}
