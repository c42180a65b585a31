//! K-fold cross-validation. The lesions outside the test split are dealt into K folds. Each fold is the validation
//! split of one network, which trains on all other folds.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The allowed number of folds.
pub const RANGE: RangeInclusive<usize> = 2..=20;

/// The fold of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The fold of its lesion, from 0.
    pub number: usize,
    /// Whether the image is validated on when its fold is the validation fold. One image per lesion is, unless the
    /// deduplication rule keeps more. The other images of the lesion are then unused.
    pub validates: bool,
}

/// The folds that a network is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainingFolds {
    /// All folds but this one, which is the validation split.
    AllBut(usize),
    /// Every fold. There is no validation split.
    All,
}

/// The value of `--fold` that trains on every fold.
const ALL: &str = "all";

impl FromStr for TrainingFolds {
    type Err = String;

    /// Parses the value of `--fold`: a fold to validate on, or `all`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            ALL => Ok(Self::All),
            number => (number.parse().map(Self::AllBut))
                .map_err(|_| format!("neither the number of a fold nor '{ALL}'")),
        }
    }
}

impl fmt::Display for TrainingFolds {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::AllBut(fold) => write!(f, "{fold}"),
            Self::All => f.write_str(ALL),
        }
    }
}

/// Deals lesions to the folds in turn, beginning with fold `first`. Any consecutive lesions, such as those of one
/// localization, are spread evenly: folds differ by at most one lesion.
pub(super) fn deal(
    lesions: Vec<usize>,
    folds: usize,
    first: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let dealt = lesions.into_iter().enumerate();
    dealt.map(move |(index, lesion)| (lesion, (first + index) % folds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesions_are_dealt_in_turn_from_the_first_fold() {
        let dealt: Vec<_> = deal(vec![7, 3, 9, 1], 3, 2).collect();
        assert_eq!(dealt, [(7, 2), (3, 0), (9, 1), (1, 2)]);
    }
}
