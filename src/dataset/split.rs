//! Drawing the parts: by lesion, each class by itself, stratified by localization.
//!
//! A class gives `⌈share × size⌉` to validation and to test (scikit-learn's rounding). That number is spread
//! over its localizations by the method of largest remainders, so that the shares come out right both
//! overall and in each localization. Localizations too small to give one lesion to each part are pooled.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::Part;
use super::duplicates::Lesion;
use super::findings::{Findings, counted};
use super::shares::{Division, Shares};
use crate::{Diagnosis, Result};

/// The part of each lesion. The same lesions in the same order and the same seed give the same parts on any
/// machine; a class is drawn from a random stream of its own, so that it does not depend on the others.
///
/// # Errors
/// A class that is present but has too few lesions to give one to each part that it shall be in.
pub fn draw(lesions: &[Lesion], division: &Division, seed: u64) -> Result<Vec<Part>> {
    let Division::Drawn { val, test } = division else {
        return Ok(vec![Part::Test; lesions.len()]);
    };
    let mut parts = vec![Part::Train; lesions.len()];
    let mut faults = Findings::default();
    for class in Diagnosis::ALL {
        let members: Vec<usize> = (0..lesions.len())
            .filter(|&i| lesions[i].dx == class)
            .collect();
        if members.is_empty() {
            continue;
        }
        let Some(targets) = targets(lesions, &members, class, val, test) else {
            faults.add(format!("{class}: {}", counted(members.len(), "lesion")));
            continue;
        };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(class.index() as u64);
        let mut strata = strata(lesions, &members, &targets);
        for stratum in &mut strata {
            stratum.shuffle(&mut rng);
        }
        for (part, target) in targets {
            for lesion in take_from_all(lesions, &mut strata, target) {
                parts[lesion] = part;
            }
        }
    }
    faults.refuse(
        "the split",
        |_| "too few lesions to give every part one".to_owned(),
        "Give more images of the class, or other shares: --val and --test take one for each class.",
    )?;
    Ok(parts)
}

/// How much a lesion counts: the images that it would bring into validation or test.
fn size(lesions: &[Lesion], members: &[usize]) -> usize {
    members.iter().map(|&i| lesions[i].held_out.len()).sum()
}

/// How many images of a class validation and test get, or nothing if training would get none.
fn targets(
    lesions: &[Lesion],
    members: &[usize],
    class: Diagnosis,
    val: &Shares,
    test: &Shares,
) -> Option<Vec<(Part, usize)>> {
    let size = size(lesions, members);
    let targets: Vec<(Part, usize)> = [(Part::Test, test.of(class)), (Part::Val, val.of(class))]
        .into_iter()
        .filter(|(_, share)| *share > 0.0)
        .map(|(part, share)| (part, at_least(share, size)))
        .collect();
    let held_out: usize = targets.iter().map(|(_, target)| target).sum();
    (held_out < size && targets.len() < members.len()).then_some(targets)
}

/// `⌈share × size⌉`, where a share such as .07 that binary fractions miss by a hair adds nothing.
fn at_least(share: f64, size: usize) -> usize {
    (share * size as f64 - 1e-9).ceil() as usize
}

/// The lesions of a class by localization, in the order of its name, with the rare ones pooled at the front.
fn strata(lesions: &[Lesion], members: &[usize], targets: &[(Part, usize)]) -> Vec<Vec<usize>> {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lesion(dx: Diagnosis, localization: usize, images: usize) -> Lesion {
        Lesion {
            dx,
            localization: format!("place {localization}"),
            training: vec![0; images],
            held_out: vec![0; images],
        }
    }

    fn division(val: f64, test: f64) -> Division {
        Division::drawn(Shares::uniform(val), Shares::uniform(test)).unwrap()
    }

    fn images(lesions: &[Lesion], parts: &[Part], wanted: Part) -> usize {
        let of = |(l, p): (&Lesion, &Part)| if *p == wanted { l.held_out.len() } else { 0 };
        lesions.iter().zip(parts).map(of).sum()
    }

    #[test]
    fn remainders_go_to_the_largest_first() {
        assert_eq!(apportion(7, &[50, 30, 20]), [4, 2, 1]);
        assert_eq!(apportion(0, &[3, 4]), [0, 0]);
        assert_eq!(apportion(2, &[1, 1, 1]), [1, 1, 0]);
        assert_eq!(apportion(0, &[]), [0; 0]);
    }

    #[test]
    fn every_localization_gives_its_share() {
        let lesions: Vec<Lesion> = (0..400).map(|i| lesion(Diagnosis::Nv, i % 4, 1)).collect();
        let parts = draw(&lesions, &division(0.1, 0.2), 7).unwrap();
        for place in 0..4 {
            let count = |part| {
                (place..400)
                    .step_by(4)
                    .filter(|&i| parts[i] == part)
                    .count()
            };
            assert_eq!((count(Part::Val), count(Part::Test)), (10, 20));
        }
    }

    #[test]
    fn lesions_of_rare_localizations_reach_every_part() {
        let lesions: Vec<Lesion> = (0..100).map(|i| lesion(Diagnosis::Df, i, 1)).collect();
        let parts = draw(&lesions, &division(0.15, 0.15), 7).unwrap();
        assert_eq!(images(&lesions, &parts, Part::Val), 15);
        assert_eq!(images(&lesions, &parts, Part::Test), 15);
    }

    #[test]
    fn another_seed_draws_other_lesions_and_the_same_seed_the_same() {
        let lesions: Vec<Lesion> = (0..100).map(|i| lesion(Diagnosis::Mel, i % 3, 1)).collect();
        let draw = |seed| draw(&lesions, &division(0.2, 0.2), seed).unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_class_does_not_depend_on_the_others() {
        let alone: Vec<Lesion> = (0..50).map(|i| lesion(Diagnosis::Mel, i % 3, 1)).collect();
        let mut both = alone.clone();
        both.extend((0..90).map(|i| lesion(Diagnosis::Bcc, i % 5, 1)));
        let draw = |lesions: &[Lesion]| draw(lesions, &division(0.2, 0.2), 1).unwrap();
        assert_eq!(draw(&alone), draw(&both)[..50]);
    }

    #[test]
    fn a_class_that_cannot_fill_every_part_is_refused() {
        let two = [lesion(Diagnosis::Df, 0, 1), lesion(Diagnosis::Df, 1, 1)];
        let error = draw(&two, &division(0.15, 0.15), 1)
            .unwrap_err()
            .to_string();
        assert!(error.contains("df: 2 lesions"), "{error}");
        assert!(draw(&two, &division(0.15, 0.0), 1).is_ok());
    }

    proptest! {
        /// Whatever the lesions: the shares come out to the image, unless a lesion that counts for more than
        /// one image does not fit, and no lesion is lost.
        #[test]
        fn shares_come_out_right(
            places in prop::collection::vec((0usize..9, 1usize..3), 10..200),
            seed in any::<u64>(),
        ) {
            let lesions: Vec<Lesion> = places
                .iter()
                .map(|&(place, images)| lesion(Diagnosis::Bkl, place, images))
                .collect();
            let parts = draw(&lesions, &division(0.15, 0.1), seed).unwrap();
            let all: usize = places.iter().map(|(_, images)| images).sum();
            prop_assert_eq!(parts.len(), lesions.len());
            for (part, share) in [(Part::Val, 0.15), (Part::Test, 0.1)] {
                let got = images(&lesions, &parts, part);
                let target = at_least(share, all);
                let slack = if places.iter().any(|(_, images)| *images > 1) { 10 } else { 0 };
                prop_assert!((target..=target + slack).contains(&got), "{part}: {got} of {target}");
            }
        }
    }
}
