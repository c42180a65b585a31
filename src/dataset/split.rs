//! Drawing the parts: by lesion, each class by itself, stratified by localization.
//!
//! A class gives `⌈share × size⌉` to validation and to test (scikit-learn's rounding). That number is spread
//! over its localizations by the method of largest remainders, so that the shares come out right both
//! overall and in each localization. Localizations too small to give one lesion to each part are pooled.
//! Folds are dealt from what the test part leaves.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::Split;
use super::duplicates::Lesion;
use super::findings::{Findings, counted};
use super::folds;
use super::split_fractions::{SplitFractions, SplitStrategy};
use crate::{Diagnosis, Result};

/// Where a lesion goes. In order of how much is learnt from it: folds come before the parts, as what is in a
/// fold may be trained on, and the test part comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignment {
    /// Into a fold, from 0.
    Fold(usize),
    /// Into a part.
    In(Split),
}

/// The place of each lesion. The same lesions in the same order and the same seed give the same places on any
/// machine; a class is drawn from a random stream of its own, so that it does not depend on the others.
/// The test part is the same with folds and without, if validation has its usual share.
///
/// # Errors
/// A class that is present but has too few lesions to give one to each part, or fold, that it shall be in.
pub fn draw(lesions: &[Lesion], strategy: &SplitStrategy, seed: u64) -> Result<Vec<Assignment>> {
    let (val, test) = match strategy {
        SplitStrategy::AllTest => return Ok(vec![Assignment::In(Split::Test); lesions.len()]),
        SplitStrategy::Drawn { val, test } => (*val, *test),
        // Which localizations are pooled depends on both shares, and with them what is drawn for test.
        SplitStrategy::Folded { test, .. } => (SplitFractions::USUAL, *test),
    };
    let folds = strategy.folds();
    let mut places = vec![Assignment::In(Split::Train); lesions.len()];
    let mut faults = Findings::default();
    for class in Diagnosis::ALL {
        let members: Vec<usize> = (0..lesions.len())
            .filter(|&i| lesions[i].dx == class)
            .collect();
        if members.is_empty() {
            continue;
        }
        let targets = targets(lesions, &members, class, &val, &test);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(class.index() as u64);
        let mut strata = strata(lesions, &members, &targets);
        for stratum in &mut strata {
            stratum.shuffle(&mut rng);
        }
        // Folds stand where validation would: only the test part is taken from what they share.
        let taken = targets
            .iter()
            .filter(|(part, _)| folds == 0 || *part == Split::Test);
        for &(part, target) in taken {
            for lesion in take_from_all(lesions, &mut strata, target) {
                places[lesion] = Assignment::In(part);
            }
        }
        let enough = if folds == 0 {
            leave_some(lesions, &members, &targets)
        } else {
            let left = strata.concat();
            let enough = left.len() >= folds;
            // Each class begins at another fold, or the first folds would get all that is over.
            for (lesion, fold) in folds::deal(left, folds, class.index() % folds) {
                places[lesion] = Assignment::Fold(fold);
            }
            enough
        };
        if !enough {
            faults.add(format!("{class}: {}", counted(members.len(), "lesion")));
        }
    }
    faults.refuse("the split", |_| too_few(folds), remedy(folds))?;
    Ok(places)
}

fn too_few(folds: usize) -> String {
    let place = if folds == 0 { "part" } else { "fold" };
    format!("too few lesions to give every {place} one")
}

fn remedy(folds: usize) -> &'static str {
    if folds == 0 {
        "Give more images of the class, or other shares: --val and --test take one for each class."
    } else {
        "Give more images of the class, fewer --folds, or a smaller share for --test."
    }
}

/// How much a lesion counts: the images that it would bring into validation or test.
fn size(lesions: &[Lesion], members: &[usize]) -> usize {
    members.iter().map(|&i| lesions[i].held_out.len()).sum()
}

/// How many images of a class test and validation get.
fn targets(
    lesions: &[Lesion],
    members: &[usize],
    class: Diagnosis,
    val: &SplitFractions,
    test: &SplitFractions,
) -> Vec<(Split, usize)> {
    let size = size(lesions, members);
    [(Split::Test, test.of(class)), (Split::Val, val.of(class))]
        .into_iter()
        .filter(|(_, share)| *share > 0.0)
        .map(|(part, share)| (part, at_least(share, size)))
        .collect()
}

/// Whether the targets leave something for training.
fn leave_some(lesions: &[Lesion], members: &[usize], targets: &[(Split, usize)]) -> bool {
    let held_out: usize = targets.iter().map(|(_, target)| target).sum();
    held_out < size(lesions, members) && targets.len() < members.len()
}

/// `⌈share × size⌉`, where a share such as .07 that binary fractions miss by a hair adds nothing.
fn at_least(share: f64, size: usize) -> usize {
    (share * size as f64 - 1e-9).ceil() as usize
}

/// The lesions of a class by localization, in the order of its name, with the rare ones pooled at the front.
fn strata(lesions: &[Lesion], members: &[usize], targets: &[(Split, usize)]) -> Vec<Vec<usize>> {
    let mut by_localization: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &i in members {
        by_localization
            .entry(&lesions[i].localization)
            .or_default()
            .push(i);
    }
    let (whole, smallest) = (
        size(lesions, members),
        targets.iter().map(|(_, target)| *target).min().unwrap_or(0),
    );
    // Rare: its proportional part of the smallest target is below one image.
    let (rare, common): (Vec<_>, Vec<_>) = by_localization
        .into_values()
        .partition(|stratum| size(lesions, stratum) * smallest < whole);
    let mut strata = vec![rare.concat()];
    strata.extend(common);
    strata
}

/// Takes lesions worth `target` images, from each stratum in proportion to what is left in it.
fn take_from_all(lesions: &[Lesion], strata: &mut [Vec<usize>], target: usize) -> Vec<usize> {
    let sizes: Vec<usize> = strata.iter().map(|s| size(lesions, s)).collect();
    strata
        .iter_mut()
        .zip(apportion(target, &sizes))
        .flat_map(|(stratum, quota)| take(lesions, stratum, quota))
        .collect()
}

/// Takes the first lesions of a stratum that together are worth `quota` images.
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
    // Only lesions that are worth more than what is missing remain: one image too many beats one too few.
    if left > 0 && !stratum.is_empty() {
        taken.push(stratum.remove(0));
    }
    taken
}

/// Spreads `total` in proportion to `sizes` by the method of largest remainders (Hamilton); of equal
/// remainders the earlier one goes first. No part exceeds its size as long as `total` does not exceed their sum.
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
