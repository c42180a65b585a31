//! Cross-validation: the lesions outside the test part are dealt into K folds. Each fold is validated on once,
//! by the network that trained on all the others.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::manifest::Row;
use super::{Dataset, Part};
use crate::{Diagnosis, Error, Result};

/// How many folds there may be.
pub const RANGE: RangeInclusive<usize> = 2..=20;

/// An image's place in a dataset with folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The fold of its lesion, from 0.
    pub number: usize,
    /// Whether it is validated on when its fold is. One image a lesion is, unless the rule for duplicates
    /// keeps more; the others then go unused, as training has no part in their lesion either.
    pub validates: bool,
}

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

/// Deals lesions out as cards are dealt, the first to fold `first`: any stretch of them, so each localization
/// that stands together, comes out even among the folds, give or take one lesion.
pub(super) fn deal(
    lesions: Vec<usize>,
    folds: usize,
    first: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let dealt = lesions.into_iter().enumerate();
    dealt.map(move |(card, lesion)| (lesion, (first + card) % folds))
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
    pub(super) fn part_of(&self, row: &Row) -> Option<Part> {
        match row.fold {
            Some(fold) if Some(fold.number) == self.fold => fold.validates.then_some(Part::Val),
            _ => Some(row.split),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dealing_goes_round_from_the_first_fold() {
        let dealt: Vec<_> = deal(vec![7, 3, 9, 1], 3, 2).collect();
        assert_eq!(dealt, [(7, 2), (3, 0), (9, 1), (1, 2)]);
    }
}
