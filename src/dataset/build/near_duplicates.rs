//! Near-duplicates of a dataset that is being built.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::dataset::Sample;
use crate::dataset::findings::counted;
use crate::dataset::manifest::Row;
use crate::dataset::near_duplicates::fingerprint::Fingerprint;
use crate::dataset::near_duplicates::search::{self, Pair};
use crate::dataset::near_duplicates::summary::{Limits, NearDuplicatePolicy, NearDuplicates};
use crate::dataset::near_duplicates::{groups, page, table};
use crate::progress::Progress;
use crate::{Result, files};

/// Warns of pairs with different diagnoses: one of the two is wrong, if they show the same lesion.
fn warn_contradictions(samples: &[Sample], pairs: &[Pair], progress: &dyn Progress) {
    let sides = |pair: &Pair| [&samples[pair.first], &samples[pair.second]];
    let mut contradictory = pairs.iter().map(sides).filter(|[a, b]| a.dx != b.dx);
    if let Some([a, b]) = contradictory.next() {
        progress.warn(&format!(
            "{} of near-duplicates with different diagnoses, such as {} ({}) and {} ({}): see {}",
            counted(1 + contradictory.count(), "pair"),
            a.image_id,
            a.dx,
            b.image_id,
            b.dx,
            page::FILE,
        ));
    }
}

/// The near-duplicates among the images of a dataset.
pub struct FoundNearDuplicates {
    policy: NearDuplicatePolicy,
    pairs: Vec<Pair>,
    /// The ids of the lesions that are kept in one split, group by group; empty unless they are joined.
    pub groups: Vec<Vec<String>>,
}

impl FoundNearDuplicates {
    /// Searches samples for pairs by their fingerprints, unless `policy` is [`NearDuplicatePolicy::Off`].
    pub fn search(
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
        warn_contradictions(samples, &pairs, progress);
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

    /// The number of pairs whose images are in two splits or folds.
    pub fn across_splits(&self, samples: &[Sample], rows: &[Row]) -> usize {
        let places: HashMap<&str, String> = (rows.iter())
            .map(|row| (row.sample.image_id.as_str(), row.place()))
            .collect();
        let place = |image: usize| places.get(samples[image].image_id.as_str());
        let is_across = |pair: &&Pair| match (place(pair.first), place(pair.second)) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        };
        self.pairs.iter().filter(is_across).count()
    }

    /// Writes the table and the page of pairs and returns their file names; none if there was no search.
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

    /// The summary for `dataset.json`; `None` if there was no search.
    pub fn summary(self, moved: usize) -> Option<NearDuplicates> {
        (self.policy != NearDuplicatePolicy::Off).then_some(NearDuplicates {
            treatment: self.policy,
            pairs: self.pairs.len(),
            joined: self.groups,
            moved,
            limits: Limits::USED,
        })
    }
}
