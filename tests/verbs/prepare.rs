//! `skinlesion prepare`: the parts, the folder and what is said of them.

mod desk;
mod folds;
mod forms;
mod hold_out;
mod images;
mod near_duplicates;
mod real;
mod refusals;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use skinlesion::dataset::manifest::Row;
use skinlesion::dataset::{Dataset, Split};

use self::desk::{Desk, HEADER};
use crate::common::{stderr, stdout};

/// The images of each lesion in a part.
fn by_lesion(rows: &[Row], part: Split) -> BTreeMap<&str, usize> {
    let mut lesions = BTreeMap::new();
    for row in rows.iter().filter(|row| row.split == part) {
        *lesions.entry(row.sample.lesion_id.as_str()).or_default() += 1;
    }
    lesions
}

fn assert_no_lesion_is_shared(rows: &[Row]) {
    let lesions = Split::ALL.map(|part| by_lesion(rows, part));
    let all: BTreeSet<_> = lesions.iter().flat_map(BTreeMap::keys).collect();
    assert_eq!(all.len(), lesions.iter().map(BTreeMap::len).sum::<usize>());
}

#[test]
fn writes_a_folder_that_describes_itself() {
    let desk = Desk::new();
    let data = desk.prepare("");
    assert_eq!(data.info.rows_read, 77);
    let dropped: usize = data.info.dropped.iter().map(|d| d.rows).sum();
    assert_eq!(data.info.images + dropped, 77);
    assert_eq!(data.info.counts.val, [2; 7]); // ⌈.15 × 8⌉
    assert_eq!(data.info.counts.test, [2; 7]);
    assert_eq!(data.info.lesions.train, [4; 7]);
    let weighed: f64 = (0..7)
        .map(|c| data.info.class_weights[c] * data.info.counts.train[c] as f64)
        .sum();
    let training: usize = data.info.counts.train.iter().sum();
    assert!((weighed - training as f64).abs() < 1e-9);
    assert!(data.path.join("class_distribution.svg").exists());
    let steps: Vec<_> = data
        .info
        .flow
        .iter()
        .map(|s| (s.step.as_str(), s.rows))
        .collect();
    assert_eq!(
        steps[..2],
        [("rows read", 77), ("with an image on disk", 77)]
    );
    assert_eq!(steps[2], ("kept", data.info.images));
    assert_eq!(data.info.flow[2].lesions, 7 * 8);
    assert_eq!(steps[4..], [("val", 14), ("test", 14)]);
}

#[test]
fn no_rule_for_duplicates_shares_a_lesion_between_parts() {
    let mut desk = Desk::new();
    // Rows of one lesion that differ: the original's rule keeps both.
    desk.rows[0] = desk.rows[0].replace("back", "face");
    for rule in ["group", "lesion", "original"] {
        let data = desk.prepare(&format!("--force --dedupe {rule}"));
        assert_no_lesion_is_shared(&data.rows);
        let rows_kept = |part| *by_lesion(&data.rows, part).values().max().unwrap();
        let expected = match rule {
            "group" => [2, 1, 1],
            "lesion" => [1, 1, 1],
            _ => continue,
        };
        assert_eq!(Split::ALL.map(rows_kept), expected, "{rule}");
    }
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert_eq!(data.rows.len(), 7 * 8 + 1);
}

#[test]
fn tells_what_each_rule_for_duplicates_drops() {
    let mut desk = Desk::new();
    desk.rows[0] = desk.rows[0].replace("back", "face");
    desk.write(HEADER, &desk.rows);
    let output = desk.run_into("out", "--json");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["dropped_by_rule"]["lesion"], 21);
    assert_eq!(said["dropped_by_rule"]["original"], 20);
    assert_eq!(said["lesions_kept_repeatedly_by_original"], 1);
    let group = &said["dataset"]["dropped"][0]["rows"];
    assert_eq!(&said["dropped_by_rule"]["group"], group);
    assert_eq!(said["files"].as_array().unwrap().len(), 8);
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_threads_and_the_order_of_rows() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    assert!(desk.run_into("one", "--threads 1").status.success());
    assert!(desk.run_into("two", "--threads 3").status.success());
    let backwards: Vec<String> = desk.rows.iter().rev().cloned().collect();
    desk.write(HEADER, &backwards);
    assert!(desk.run_into("three", "").status.success());
    assert!(desk.run_into("four", "--seed 5").status.success());
    let bytes = |folder: &str, file: &str| fs::read(desk.path(folder).join(file)).unwrap();
    for file in ["manifest.csv", "pixels.bin"] {
        assert!(bytes("one", file) == bytes("two", file), "{file}");
        assert!(bytes("one", file) == bytes("three", file), "{file}");
    }
    assert!(bytes("one", "dataset.json") == bytes("two", "dataset.json"));
    assert!(bytes("one", "manifest.csv") != bytes("four", "manifest.csv"));
}

#[test]
fn takes_shares_by_class() {
    let data = Desk::new().prepare("--val nv=.5,default=.2 --test .1");
    assert_eq!(data.info.counts.val, [2, 2, 2, 2, 2, 4, 2]);
    assert_eq!(data.info.counts.test, [1; 7]);
}

#[test]
fn an_external_test_set_may_lack_classes_and_says_so() {
    let mut desk = Desk::new();
    desk.rows
        .retain(|row| row.contains(",mel,") || row.contains(",nv,"));
    desk.write(HEADER, &desk.rows);
    let output = desk.run_into("out", "--as test");
    assert!(stderr(&output).contains("no image of vasc"));
    assert!(stdout(&output).contains("skinlesion check out"));
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert_eq!(data.info.counts.test, [0, 0, 0, 0, 8, 8, 0]);
    assert_eq!(data.split_rows(Split::Test).len(), data.rows.len());
}

#[test]
fn says_what_it_made_and_how_to_go_on() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    let said = stdout(&desk.run_into("ham", ""));
    for words in [
        "56 lesions, from 77 rows of metadata.csv",
        "--dedupe lesion",
        "skinlesion train --phase transfer --data ham --out checkpoints/ham",
        "ham/pixels.bin",
    ] {
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
}
