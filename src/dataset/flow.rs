//! The sample flow: how many rows and lesions remain after each step, from the metadata to the splits.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::manifest::Row;
use super::{Sample, Split};

/// The rows and lesions that remain after a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The step, or the split that the rows belong to.
    pub step: String,
    /// Remaining metadata rows. Once repeated rows are dropped, this is the number of images.
    pub rows: usize,
    /// The number of their lesions.
    pub lesions: usize,
}

impl Step {
    /// A step with `rows` rows, and the number of distinct lesions of `left`.
    pub fn new<'a>(step: &str, rows: usize, left: impl Iterator<Item = &'a Sample>) -> Self {
        let lesions: HashSet<&str> = left.map(|sample| sample.lesion_id.as_str()).collect();
        Self {
            step: step.to_owned(),
            rows,
            lesions: lesions.len(),
        }
    }

    /// [`Step::new`] with one row for each sample of `left`.
    pub fn of<'a>(step: &str, left: impl Iterator<Item = &'a Sample> + Clone) -> Self {
        Self::new(step, left.clone().count(), left)
    }
}

/// The last steps: the rows that are kept, then those of each split that has any.
pub fn splits(rows: &[Row]) -> Vec<Step> {
    let mut steps = vec![Step::of("kept", rows.iter().map(|row| &row.sample))];
    for split in Split::ALL {
        let of_split = rows.iter().filter(move |row| row.split == split);
        steps.push(Step::of(split.name(), of_split.map(|row| &row.sample)));
    }
    steps.retain(|step| step.rows > 0);
    steps
}
