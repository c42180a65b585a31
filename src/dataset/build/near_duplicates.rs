//! Lesions that show the same skin, on the way to a dataset folder.

use std::path::{Path, PathBuf};

use crate::dataset::Sample;
use crate::dataset::manifest::Row;
use crate::dataset::near_duplicates::fingerprint::Fingerprint;
use crate::dataset::near_duplicates::search;
use crate::dataset::near_duplicates::search::Pair;
use crate::dataset::near_duplicates::summary::{Limits, NearDuplicatePolicy, NearDuplicates};
use crate::dataset::near_duplicates::{groups, page, table};
use crate::progress::Progress;
use crate::{Result, files};

/// Lesions that show the same skin.
pub struct Near {
    policy: NearDuplicatePolicy,
    pairs: Vec<Pair>,
    /// What is joined.
    pub groups: Vec<Vec<String>>,
}

impl Near {
    /// Looks for pairs among samples that have been looked at, if pairs are wanted.
    pub fn among(
        samples: &[Sample],
        fingerprints: &[Option<Fingerprint>],
        policy: NearDuplicatePolicy,
        progress: &dyn Progress,
    ) -> Self {
        let pairs = match policy {
            NearDuplicatePolicy::Off => Vec::new(),
            NearDuplicatePolicy::Join | NearDuplicatePolicy::List => {
                search::among(samples, fingerprints, progress)
            }
        };
        let groups = match policy {
            NearDuplicatePolicy::Join => groups::groups(samples, &pairs),
            NearDuplicatePolicy::List | NearDuplicatePolicy::Off => Vec::new(),
        };
        Self {
            policy,
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
        if self.policy == NearDuplicatePolicy::Off {
            return Ok(Vec::new());
        }
        let lines = table::lines(samples, rows, &self.pairs);
        let html = page::html(&self.pairs, &lines, files, self.policy);
        files::write_atomically(&folder.join(table::FILE), &table::to_csv(&lines))?;
        files::write_atomically(&folder.join(page::FILE), html.as_bytes())?;
        Ok([table::FILE, page::FILE].map(PathBuf::from).to_vec())
    }

    /// What `dataset.json` says of it; nothing if pairs were not looked for.
    pub fn describe(self, moved: usize) -> Option<NearDuplicates> {
        (self.policy != NearDuplicatePolicy::Off).then_some(NearDuplicates {
            treatment: self.policy,
            pairs: self.pairs.len(),
            joined: self.groups,
            moved,
            limits: Limits::USED,
        })
    }
}
