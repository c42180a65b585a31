//! K-fold cross-validation. The lesions outside the test split are dealt into K folds. Each fold is the validation
//! split of one network, which trains on all other folds.

use std::ops::RangeInclusive;

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
