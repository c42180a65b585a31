//! `--hold-out`.

use std::collections::BTreeSet;

use skinlesion::dataset::{Dataset, Split};

use super::assert_no_lesion_is_shared;
use super::desk::{Desk, HEADER};
use crate::common::{stderr, stdout};

/// Three lesions of each class come from elsewhere; of lesion 3 only the second image does.
fn desk() -> Desk {
    let mut desk = Desk::new();
    for row in &mut desk.rows {
        let image = row.split(',').nth(1).unwrap();
        let (lesion, photo) = (&image[6..7], &image[7..]);
        if lesion == "1" || lesion == "2" || (lesion == "3" && photo == "1") {
            *row = row.replace("rosendahl", "vienna_dias");
        }
    }
    desk
}

fn lesions(data: &Dataset, part: Split) -> BTreeSet<String> {
    let rows = data.split_rows(part).into_iter();
    rows.map(|row| data.rows[row].sample.lesion_id.clone())
        .collect()
}

#[test]
fn every_lesion_with_an_image_of_the_value_is_the_test_part() {
    let data = desk().prepare("--hold-out source=vienna_dias");
    assert_eq!(data.info.counts.test, [3; 7]); // one image a lesion, also of lesion 3, which has two
    assert!(
        lesions(&data, Split::Test)
            .iter()
            .all(|id| id.ends_with(['1', '2', '3']))
    );
    assert_eq!(data.info.lesions.val, [1; 7]); // ⌈.15 × 5⌉
    assert_eq!(data.info.lesions.train, [4; 7]);
    assert_no_lesion_is_shared(&data.rows);
    assert_eq!(data.info.hold_out, ["source=vienna_dias"]);
    assert!(
        data.info
            .split
            .starts_with("test every lesion with an image of source=vienna_dias"),
        "{}",
        data.info.split
    );
}

#[test]
fn values_can_be_several_and_what_is_left_can_be_dealt_into_folds() {
    let mut desk = desk();
    desk.rows = desk
        .rows
        .iter()
        .map(|row| row.replace("0,face", "0,hand"))
        .collect();
    let data =
        desk.prepare("--hold-out dataset=vienna_dias --hold-out localization=face --folds 2");
    // Lesions 1, 4 and 7 are on the face.
    assert!(
        lesions(&data, Split::Test)
            .iter()
            .all(|id| id.ends_with(['1', '2', '3', '4', '7']))
    );
    assert_eq!(data.info.lesions.test, [5; 7]);
    assert_eq!(data.info.folds.len(), 2);
    let data = data.in_fold(1).unwrap();
    assert_eq!(
        lesions(&data, Split::Val).len() + lesions(&data, Split::Train).len(),
        21
    );
}

#[test]
fn a_class_that_is_held_out_whole_is_said_and_one_that_is_not_there_is_fine() {
    let mut desk = Desk::new();
    for row in &mut desk.rows {
        if row.contains(",df,") {
            *row = row.replace("histo", "consensus");
        }
    }
    desk.write(HEADER, &desk.rows);
    let output = desk.run_into("out", "--hold-out dx_type=consensus");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("no image of df (dermatofibroma) is left to train on"));
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert_eq!(data.info.counts.test, [0, 0, 0, 8, 0, 0, 0]);
    assert!(stdout(&output).contains("skinlesion train --phase transfer"));
}

#[test]
fn refuses_a_value_that_no_image_has_and_names_those_that_there_are() {
    let desk = desk();
    desk.refuses_rows(
        "--hold-out source=rosental",
        &[
            "--hold-out source=rosental",
            "rosendahl (56 images), vienna_dias (21 images)",
        ],
    );
    desk.refuses_rows(
        "--hold-out dx_type=histo",
        &["the train split is empty", "Hold out fewer lesions"],
    );
    for flags in [
        "--hold-out source",
        "--hold-out age=50",
        "--hold-out source=rosendahl --test .2",
        "--hold-out source=rosendahl --as test",
    ] {
        assert_eq!(
            desk.run_into("out", flags).status.code(),
            Some(2),
            "{flags}"
        );
    }
}
