//! The flow of numbers: how many rows and lesions are left after each step, from the metadata to the parts.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::manifest::Row;
use super::{Sample, Split};

/// What is left after a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was done, or the part that was filled.
    pub step: String,
    /// Rows of the metadata that are left, which is images once repeated rows are gone.
    pub rows: usize,
    /// Their lesions.
    pub lesions: usize,
}

impl Step {
    /// Counts the lesions of what is left.
    pub fn new<'a>(step: &str, rows: usize, left: impl Iterator<Item = &'a Sample>) -> Self {
        let lesions: HashSet<&str> = left.map(|sample| sample.lesion_id.as_str()).collect();
        Self {
            step: step.to_owned(),
            rows,
            lesions: lesions.len(),
        }
    }

    /// [`Step::new`] where every row is one of `left`.
    pub fn of<'a>(step: &str, left: impl Iterator<Item = &'a Sample> + Clone) -> Self {
        Self::new(step, left.clone().count(), left)
    }
}

/// The last steps: what is kept, and the parts that have any of it.
pub fn parts(rows: &[Row]) -> Vec<Step> {
    let mut steps = vec![Step::of("kept", rows.iter().map(|row| &row.sample))];
    for part in Split::ALL {
        let of_split = rows.iter().filter(move |row| row.split == part);
        steps.push(Step::of(part.name(), of_split.map(|row| &row.sample)));
    }
    steps.retain(|step| step.rows > 0);
    steps
}
