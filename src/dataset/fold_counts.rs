//! Image counts of each fold, by class.

use serde::{Deserialize, Serialize};

use super::manifest::Row;
use crate::ClassList;

/// The image counts of a fold in `dataset.json`, in class order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldCounts {
    /// Images of the fold's lesions. The models of the other folds train on them.
    pub images: Vec<usize>,
    /// The images among them that the fold's model is validated on.
    pub validated: Vec<usize>,
}

impl FoldCounts {
    /// Counts the images of every fold.
    pub fn of(classes: ClassList, rows: &[Row], folds: usize) -> Vec<Self> {
        let none = Self {
            images: vec![0; classes.len()],
            validated: vec![0; classes.len()],
        };
        let mut counts = vec![none; folds];
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
