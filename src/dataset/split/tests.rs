use super::*;
use crate::classes::{ham, ham10000};
use proptest::prelude::*;

fn lesion(dx: Class, localization: usize, images: usize) -> Lesion {
    Lesion {
        dx,
        source: String::new(),
        localization: format!("place {localization}"),
        training: vec![0; images],
        held_out: vec![0; images],
    }
}

fn strategy(val: f64, test: f64) -> SplitStrategy {
    let (val, test) = (SplitFractions::uniform(val), SplitFractions::uniform(test));
    SplitStrategy::Drawn { val, test }
}

fn draw(lesions: &[Lesion], strategy: &SplitStrategy, seed: u64) -> Result<Vec<Assignment>> {
    super::draw(ham10000(), lesions, strategy, Stratify::Localization, seed)
}

fn images(lesions: &[Lesion], places: &[Assignment], wanted: Split) -> usize {
    let wanted = Assignment::In(wanted);
    let of = |(l, p): (&Lesion, &Assignment)| if *p == wanted { l.held_out.len() } else { 0 };
    lesions.iter().zip(places).map(of).sum()
}

#[test]
fn remainders_go_to_the_largest_first() {
    assert_eq!(apportion(7, &[50, 30, 20]), [4, 2, 1]);
    assert_eq!(apportion(0, &[3, 4]), [0, 0]);
    assert_eq!(apportion(2, &[1, 1, 1]), [1, 1, 0]);
    assert_eq!(apportion(0, &[]), [0; 0]);
}

#[test]
fn fractions_hold_in_every_localization() {
    let lesions: Vec<Lesion> = (0..400).map(|i| lesion(ham("nv"), i % 4, 1)).collect();
    let assignments = draw(&lesions, &strategy(0.1, 0.2), 7).unwrap();
    for place in 0..4 {
        let count = |split| {
            (place..400)
                .step_by(4)
                .filter(|&i| assignments[i] == Assignment::In(split))
                .count()
        };
        assert_eq!((count(Split::Val), count(Split::Test)), (10, 20));
    }
}

#[test]
fn lesions_of_rare_localizations_reach_every_split() {
    let lesions: Vec<Lesion> = (0..100).map(|i| lesion(ham("df"), i, 1)).collect();
    let assignments = draw(&lesions, &strategy(0.15, 0.15), 7).unwrap();
    assert_eq!(images(&lesions, &assignments, Split::Val), 15);
    assert_eq!(images(&lesions, &assignments, Split::Test), 15);
}

#[test]
fn the_seed_decides_the_split() {
    let lesions: Vec<Lesion> = (0..100).map(|i| lesion(ham("mel"), i % 3, 1)).collect();
    let draw = |seed| draw(&lesions, &strategy(0.2, 0.2), seed).unwrap();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

#[test]
fn a_class_does_not_depend_on_the_others() {
    let alone: Vec<Lesion> = (0..50).map(|i| lesion(ham("mel"), i % 3, 1)).collect();
    let mut both = alone.clone();
    both.extend((0..90).map(|i| lesion(ham("bcc"), i % 5, 1)));
    let draw = |lesions: &[Lesion]| draw(lesions, &strategy(0.2, 0.2), 1).unwrap();
    assert_eq!(draw(&alone), draw(&both)[..50]);
}

#[test]
fn a_class_that_cannot_fill_every_split_is_refused() {
    let two = [lesion(ham("df"), 0, 1), lesion(ham("df"), 1, 1)];
    let error = draw(&two, &strategy(0.15, 0.15), 1)
        .unwrap_err()
        .to_string();
    assert!(error.contains("df: 2 lesions"), "{error}");
    assert!(draw(&two, &strategy(0.15, 0.0), 1).is_ok());
}

#[test]
fn folds_share_every_class_and_localization_evenly() {
    let mut lesions: Vec<Lesion> = (0..103).map(|i| lesion(ham("nv"), i % 4, 1)).collect();
    lesions.extend((0..23).map(|i| lesion(ham("df"), i, 1)));
    let test = SplitFractions::uniform(0.15);
    let drawn = draw(&lesions, &SplitStrategy::Folded { folds: 5, test }, 7).unwrap();
    for (class, place) in [
        (ham("nv"), Some("place 2")),
        (ham("nv"), None),
        (ham("df"), None),
    ] {
        let wanted = |lesion: &Lesion| {
            lesion.dx == class && place.is_none_or(|place| lesion.localization == place)
        };
        let of = |place: Assignment| {
            let pairs = lesions.iter().zip(&drawn);
            pairs
                .filter(|(l, found)| wanted(l) && **found == place)
                .count()
        };
        let counts: Vec<usize> = (0..5).map(|fold| of(Assignment::Fold(fold))).collect();
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(most - least <= 1, "{class}: {counts:?}");
        let all = lesions.iter().filter(|l| wanted(l)).count();
        assert_eq!(
            counts.iter().sum::<usize>() + of(Assignment::In(Split::Test)),
            all
        );
    }
}

#[test]
fn splits_and_folds_share_every_source_evenly_if_asked() {
    let sources = [("large", 200), ("small", 20), ("tiny", 1)];
    let lesions: Vec<Lesion> = (sources.iter())
        .flat_map(|&(source, count)| (0..count).map(move |i| (source, i)))
        .map(|(source, i)| Lesion {
            source: source.to_owned(),
            ..lesion(ham("nv"), i % 4, 1)
        })
        .collect();
    let of = |places: &[Assignment], source: &str, place: Assignment| {
        let pairs = lesions.iter().zip(places);
        pairs
            .filter(|(l, p)| l.source == source && **p == place)
            .count()
    };
    let stratify = Stratify::SourceAndLocalization;
    let test = SplitFractions::uniform(0.1);
    let drawn = super::draw(ham10000(), &lesions, &strategy(0.1, 0.1), stratify, 7).unwrap();
    let folded = SplitStrategy::Folded { folds: 5, test };
    let folded = super::draw(ham10000(), &lesions, &folded, stratify, 7).unwrap();
    for split in [Split::Val, Split::Test] {
        let split = Assignment::In(split);
        assert!((20..=21).contains(&of(&drawn, "large", split)));
        assert!((2..=3).contains(&of(&drawn, "small", split)));
    }
    for fold in 0..5 {
        assert!((35..=37).contains(&of(&folded, "large", Assignment::Fold(fold))));
        let small = of(&folded, "small", Assignment::Fold(fold));
        assert!((3..=4).contains(&small), "{small}");
    }
}

#[test]
fn the_test_split_is_the_same_with_and_without_folds() {
    // More localizations than lesions for validation or test, so that some are pooled.
    let lesions: Vec<Lesion> = (0..90).map(|i| lesion(ham("bkl"), i % 17, 1)).collect();
    for fraction in [0.1, 0.15, 0.3] {
        let test = SplitFractions::uniform(fraction);
        let is_test = |strategy: SplitStrategy| -> Vec<bool> {
            let places = draw(&lesions, &strategy, 7).unwrap();
            places
                .iter()
                .map(|p| *p == Assignment::In(Split::Test))
                .collect()
        };
        let without = is_test(strategy(0.15, fraction));
        for folds in [2, 20] {
            let test = test.clone();
            assert_eq!(is_test(SplitStrategy::Folded { folds, test }), without);
        }
    }
}

#[test]
fn a_class_that_cannot_fill_every_fold_is_refused() {
    let few: Vec<Lesion> = (0..5).map(|i| lesion(ham("df"), i, 1)).collect();
    let test = SplitFractions::uniform(0.15);
    let draw = |folds| {
        let test = test.clone();
        draw(&few, &SplitStrategy::Folded { folds, test }, 1)
    };
    let error = draw(5).unwrap_err().to_string();
    assert!(
        error.contains("df: 5 lesions") && error.contains("--folds"),
        "{error}"
    );
    assert!(draw(4).is_ok());
}

proptest! {
    /// For any lesions, the fractions are met exactly, unless a lesion with more than one image does not fit, and no
    /// lesion is lost.
    #[test]
    fn fractions_are_met(
        places in prop::collection::vec((0usize..9, 1usize..3), 10..200),
        seed in any::<u64>(),
    ) {
        let lesions: Vec<Lesion> = places
            .iter()
            .map(|&(place, images)| lesion(ham("bkl"), place, images))
            .collect();
        let assignments = draw(&lesions, &strategy(0.15, 0.1), seed).unwrap();
        let all: usize = places.iter().map(|(_, images)| images).sum();
        prop_assert_eq!(assignments.len(), lesions.len());
        for (split, fraction) in [(Split::Val, 0.15), (Split::Test, 0.1)] {
            let got = images(&lesions, &assignments, split);
            let target = rounded_up(fraction, all);
            let slack = if places.iter().any(|(_, images)| *images > 1) { 10 } else { 0 };
            prop_assert!((target..=target + slack).contains(&got), "{split}: {got} of {target}");
        }
    }
}
