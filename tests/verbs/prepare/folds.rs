//! `--folds`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use skinlesion::dataset::manifest::Row;
use skinlesion::dataset::{Dataset, Split};

use super::desk::{Desk, HEADER};
#[cfg(feature = "torch")]
use crate::common::skinlesion;
use crate::common::{stderr, stdout};

fn lesions<'a>(data: &'a Dataset, rows: &[usize]) -> BTreeSet<&'a str> {
    let id = |&row: &usize| data.rows[row].sample.lesion_id.as_str();
    rows.iter().map(id).collect()
}

fn images<'a>(rows: impl Iterator<Item = &'a Row>) -> BTreeSet<&'a str> {
    rows.map(|row| row.sample.image_id.as_str()).collect()
}

#[test]
fn every_lesion_outside_the_test_part_is_validated_on_in_one_fold() {
    let desk = Desk::new();
    let mut data = desk.prepare("--folds 3");
    assert_eq!(data.info.folds.len(), 3);
    assert!(
        data.info.split.contains("the rest in 3 folds"),
        "{}",
        data.info.split
    );
    assert!(data.split_rows(Split::Val).is_empty());
    let test = data.split_rows(Split::Test);
    let mut validated: BTreeMap<String, usize> = BTreeMap::new();
    for fold in 0..3 {
        data = data.in_fold(fold).unwrap();
        let [train, val] = [Split::Train, Split::Val].map(|part| data.split_rows(part));
        assert!(lesions(&data, &train).is_disjoint(&lesions(&data, &val)));
        assert!(lesions(&data, &test).is_disjoint(&lesions(&data, &val)));
        assert_eq!(data.split_rows(Split::Test), test);
        assert_eq!(lesions(&data, &val).len(), val.len(), "one image a lesion");
        assert_eq!(
            val.len(),
            data.info.folds[fold].validated.iter().sum::<usize>()
        );
        assert!(
            data.info.folds[fold]
                .validated
                .iter()
                .all(|&images| images == 2)
        );
        for lesion in lesions(&data, &val) {
            *validated.entry(lesion.to_owned()).or_default() += 1;
        }
        // All images of the other folds' lesions are trained on.
        let others = data
            .rows
            .iter()
            .filter(|row| row.fold.is_some_and(|f| f.number != fold));
        assert_eq!(train.len(), others.count());
    }
    assert_eq!(validated.len(), 7 * 6);
    assert!(validated.values().all(|&times| times == 1));
}

#[test]
fn the_test_part_is_the_same_images_as_without_folds() {
    let desk = Desk::new();
    for shares in ["", "--test .3", "--test .3 --seed 5"] {
        let test_of = |flags: &str| {
            let data = desk.prepare(&format!("--force {shares} {flags}"));
            let rows = data
                .split_rows(Split::Test)
                .into_iter()
                .map(|row| &data.rows[row]);
            images(rows)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(test_of("--folds 3"), test_of(""), "{shares}");
    }
}

#[test]
fn the_manifest_says_which_image_of_a_lesion_is_validated_on() {
    let desk = Desk::new();
    for (rule, extra) in [("group", true), ("lesion", false), ("original", false)] {
        let data = desk.prepare(&format!("--force --folds 3 --test 0 --dedupe {rule}"));
        let text = fs::read_to_string(data.path.join("manifest.csv")).unwrap();
        assert!(
            text.lines()
                .next()
                .unwrap()
                .ends_with("split,fold,validates")
        );
        assert_eq!(text.contains(",false"), extra, "{rule}");
        let mut of_lesion: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
        for row in &data.rows {
            let validates = row.fold.unwrap().validates;
            of_lesion
                .entry(&row.sample.lesion_id)
                .or_default()
                .push(validates);
        }
        for validates in of_lesion.values() {
            assert!(
                validates[0] && !validates[1..].contains(&true),
                "the first image alone"
            );
        }
    }
}

#[test]
fn the_same_seed_deals_the_same_folds_and_another_seed_others() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    let manifest = |out: &str, flags: &str| {
        let output = desk.run_into(out, flags);
        assert!(output.status.success(), "{}", stderr(&output));
        fs::read(desk.path(out).join("manifest.csv")).unwrap()
    };
    let first = manifest("one", "--folds 4");
    assert_eq!(first, manifest("two", "--folds 4 --threads 1"));
    assert_ne!(first, manifest("three", "--folds 4 --seed 5"));
}

#[test]
fn says_how_many_each_fold_validates_and_how_to_train_on_it() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    let said = stdout(&desk.run_into("ham", "--folds 3"));
    for words in [
        "fold 2          2       2",
        "skinlesion train --phase transfer --data ham --fold 0 --out checkpoints/ham/fold-0",
        "other images of a test lesion",
    ] {
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
}

#[test]
fn refuses_more_folds_than_lesions_and_what_has_no_use_beside_folds() {
    let desk = Desk::new();
    desk.refuses_rows(
        "--folds 7",
        &["akiec: 8 lesions", "every fold", "fewer --folds"],
    );
    for flags in [
        "--folds 1",
        "--folds 21",
        "--folds 3 --val .2",
        "--folds 3 --as test",
    ] {
        assert_eq!(
            desk.run_into("out", flags).status.code(),
            Some(2),
            "{flags}"
        );
    }
}

#[cfg(feature = "torch")]
#[test]
fn train_wants_a_fold_exactly_where_there_are_folds() {
    let desk = Desk::new();
    desk.prepare("--folds 3");
    let train = |flags: &[&str]| {
        let mut command = skinlesion();
        command.current_dir(desk.home.path());
        command.args([
            "train",
            "--phase",
            "transfer",
            "--weights",
            "none",
            "--out",
            "run",
        ]);
        command.args(flags).output().unwrap()
    };
    assert!(desk.run_into("plain", "").status.success());
    for (flags, words) in [
        (
            &["--data", "out"][..],
            "it has 3 folds, and no validation fold was chosen",
        ),
        (&["--data", "out", "--fold", "3"], "Its folds are 0 to 2"),
        (&["--data", "plain", "--fold", "0"], "it has no folds"),
    ] {
        let output = train(flags);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert!(!desk.path("run").exists());
    }
}
