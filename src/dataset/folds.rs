//! Cross-validation: the lesions outside the test part are dealt into K folds. Each fold is validated on once,
//! by the network that trained on all the others.

use std::ops::RangeInclusive;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dealing_goes_round_from_the_first_fold() {
        let dealt: Vec<_> = deal(vec![7, 3, 9, 1], 3, 2).collect();
        assert_eq!(dealt, [(7, 2), (3, 0), (9, 1), (1, 2)]);
    }
}
