//! How many images of each class each fold has.

use serde::{Deserialize, Serialize};

use super::manifest::Row;
use crate::Diagnosis;

/// What `dataset.json` says of a fold, in class order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldCounts {
    /// Images of its lesions, which the other folds train on.
    pub images: [usize; Diagnosis::COUNT],
    /// Those of them that are validated on.
    pub validated: [usize; Diagnosis::COUNT],
}

impl FoldCounts {
    /// Counts every fold's images.
    pub fn of(rows: &[Row], folds: usize) -> Vec<Self> {
        let mut counts = vec![Self::default(); folds];
        for row in rows {
            let Some(fold) = row.fold else { continue };
            let Some(of_fold) = counts.get_mut(fold.number) else {
                continue;
            };
            let class = row.sample.dx.index();
            of_fold.images[class] += 1;
            of_fold.validated[class] += usize::from(fold.validates);
        }
        counts
    }
}
