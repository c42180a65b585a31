//! Draws the split: by lesion, separately for each class, stratified by localization or by source and localization.
//!
//! Validation and test each get `⌈fraction × size⌉` of a class (scikit-learn's rounding). That number is apportioned to
//! the class's strata ([`super::strata`]) by largest remainders, so that the fractions hold overall and within each
//! stratum. Strata too small to give one lesion to each split are pooled. Folds are dealt from the lesions outside the
//! test split.

use std::cmp::Reverse;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::duplicates::Lesion;
use super::findings::{Findings, counted};
use super::split_fractions::{SplitFractions, SplitStrategy};
use super::strata::{Stratify, size, strata};
use super::{Split, folds};
use crate::{Class, ClassList, Result};

/// The place of errors about the split as a whole.
pub const PLACE: &str = "the split";

/// The assignment of a lesion. The order matters for joining near-duplicates: folds and training come first, the test
/// split last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignment {
    /// To a fold, from 0.
    Fold(usize),
    /// To a split.
    In(Split),
}

/// The assignment of each lesion. The same lesions, order and seed give the same assignments on any
/// machine. Each class has its own random stream and does not depend on the others. The test split is the same with
/// and without folds, if validation has its default fraction.
///
/// # Errors
/// A class that is present but has too few lesions for each of its splits or folds.
pub fn draw(
    classes: ClassList,
    lesions: &[Lesion],
    strategy: &SplitStrategy,
    stratify: Stratify,
    seed: u64,
) -> Result<Vec<Assignment>> {
    let (val, test) = match strategy {
        SplitStrategy::Given(_) | SplitStrategy::AllTest => {
            return Ok(vec![Assignment::In(Split::Test); lesions.len()]);
        }
        SplitStrategy::Drawn { val, test } => (val.clone(), test.clone()),
        // Both fractions decide which strata are pooled, and thereby the test split.
        SplitStrategy::Folded { test, .. } => (SplitFractions::DEFAULT, test.clone()),
    };
    let folds = strategy.folds();
    let mut assignments = vec![Assignment::In(Split::Train); lesions.len()];
    let mut problems = Findings::default();
    for class in classes.iter() {
        let members: Vec<usize> = (0..lesions.len())
            .filter(|&i| lesions[i].dx == class)
            .collect();
        if members.is_empty() {
            continue;
        }
        let targets = targets(lesions, &members, class, &val, &test);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(class.index() as u64);
        let smallest = targets.iter().map(|(_, target)| *target).min();
        let mut strata = strata(lesions, &members, stratify, smallest.unwrap_or(0));
        for stratum in &mut strata {
            stratum.shuffle(&mut rng);
        }
        // Folds replace validation: only the test split is taken before they are dealt.
        let taken = targets
            .iter()
            .filter(|(split, _)| folds == 0 || *split == Split::Test);
        for &(split, target) in taken {
            for lesion in take_from_all(lesions, &mut strata, target) {
                assignments[lesion] = Assignment::In(split);
            }
        }
        let enough = if folds == 0 {
            leaves_training(lesions, &members, &targets)
        } else {
            let left = strata.concat();
            let enough = left.len() >= folds;
            // Each class begins at another fold, so that the remainders do not all go to the first folds.
            for (lesion, fold) in folds::deal(left, folds, class.index() % folds) {
                assignments[lesion] = Assignment::Fold(fold);
            }
            enough
        };
        if !enough {
            problems.add(format!("{class}: {}", counted(members.len(), "lesion")));
        }
    }
    problems.refuse(PLACE, |_| too_few(folds), remedy(folds))?;
    Ok(assignments)
}

fn too_few(folds: usize) -> String {
    let kind = if folds == 0 { "split" } else { "fold" };
    format!("too few lesions for one in every {kind}")
}

fn remedy(folds: usize) -> &'static str {
    if folds == 0 {
        "Add images of the class, or choose other fractions: --val and --test accept one for each class."
    } else {
        "Add images of the class, or choose fewer --folds or a smaller fraction with --test."
    }
}

/// The number of images of a class that test and validation get.
fn targets(
    lesions: &[Lesion],
    members: &[usize],
    class: Class,
    val: &SplitFractions,
    test: &SplitFractions,
) -> Vec<(Split, usize)> {
    let size = size(lesions, members);
    [(Split::Test, test.of(class)), (Split::Val, val.of(class))]
        .into_iter()
        .filter(|(_, fraction)| *fraction > 0.0)
        .map(|(split, fraction)| (split, rounded_up(fraction, size)))
        .collect()
}

/// Whether the targets leave lesions for training.
fn leaves_training(lesions: &[Lesion], members: &[usize], targets: &[(Split, usize)]) -> bool {
    let held_out: usize = targets.iter().map(|(_, target)| target).sum();
    held_out < size(lesions, members) && targets.len() < members.len()
}

/// `⌈fraction × size⌉`, tolerant of binary rounding of fractions such as 0.07.
fn rounded_up(fraction: f64, size: usize) -> usize {
    (fraction * size as f64 - 1e-9).ceil() as usize
}

/// Takes lesions with `target` images in total, from each stratum in proportion to its remaining size.
fn take_from_all(lesions: &[Lesion], strata: &mut [Vec<usize>], target: usize) -> Vec<usize> {
    let sizes: Vec<usize> = strata.iter().map(|s| size(lesions, s)).collect();
    strata
        .iter_mut()
        .zip(apportion(target, &sizes))
        .flat_map(|(stratum, quota)| take(lesions, stratum, quota))
        .collect()
}

/// Takes the first lesions of a stratum that together have `quota` images.
fn take(lesions: &[Lesion], stratum: &mut Vec<usize>, quota: usize) -> Vec<usize> {
    let mut left = quota;
    let mut taken: Vec<usize> = stratum
        .extract_if(.., |lesion| {
            let fits = (1..=left).contains(&lesions[*lesion].held_out.len());
            if fits {
                left -= lesions[*lesion].held_out.len();
            }
            fits
        })
        .collect();
    // Every remaining lesion has more images than are missing: too many images are better than too few.
    if left > 0 && !stratum.is_empty() {
        taken.push(stratum.remove(0));
    }
    taken
}

/// Spreads `total` in proportion to `sizes` by the method of largest remainders (Hamilton); of equal
/// remainders the earlier one comes first. No quota exceeds its size if `total` does not exceed the sum of sizes.
fn apportion(total: usize, sizes: &[usize]) -> Vec<usize> {
    let sum = sizes.iter().sum::<usize>().max(1);
    let mut quotas: Vec<usize> = sizes.iter().map(|size| total * size / sum).collect();
    let missing = total.saturating_sub(quotas.iter().sum());
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&i| Reverse(total * sizes[i] % sum));
    for &i in order.iter().take(missing) {
        quotas[i] += 1;
    }
    quotas
}

#[cfg(test)]
mod tests;
