//! Images that show the same skin under different lesion ids.

use std::collections::BTreeMap;
use std::fs;

use skinlesion::dataset::{Dataset, Split};

use crate::check::Photographs;
use crate::common::{stderr, stdout};

fn places(data: &Dataset) -> BTreeMap<String, String> {
    let place =
        |row: &skinlesion::dataset::manifest::Row| (row.sample.lesion_id.clone(), row.place());
    data.rows.iter().map(place).collect()
}

#[test]
fn drawn_lesions_are_not_taken_for_each_other() {
    let photographs = Photographs::new(400);
    let data = photographs.prepare("out", "");
    let near = data.info.near_duplicates.unwrap();
    assert_eq!((near.pairs, near.moved), (0, 0));
    assert!(near.joined.is_empty());
    let page = fs::read_to_string(data.path.join("near_duplicates.html")).unwrap();
    assert!(page.contains("None found"), "{page}");
    let table = fs::read_to_string(data.path.join("near_duplicates.csv")).unwrap();
    assert_eq!(table.lines().count(), 1, "{table}");
    assert!(image::open(data.path.join("samples.png")).unwrap().width() > 800);
}

#[test]
fn joins_two_lesions_that_show_the_same_skin() {
    let mut photographs = Photographs::new(100);
    for number in 0..8 {
        photographs.copy_mirrored(
            number,
            &format!("HAM_9{number}"),
            &format!("ISIC_9{number}"),
        );
    }
    let drawn = places(&photographs.prepare("listed", "--near-duplicates list"));
    let data = photographs.prepare("joined", "");
    let near = data.info.near_duplicates.clone().unwrap();
    assert_eq!(near.joined.len(), 8, "{near:?}");
    let joined = places(&data);
    let order = |place: &str| ["train", "val", "test"].iter().position(|p| *p == place);
    for group in &near.joined {
        let first = group
            .iter()
            .map(|id| &drawn[id])
            .min_by_key(|p| order(p))
            .unwrap();
        assert!(group.iter().all(|id| joined[id] == *first), "{group:?}");
    }
    let moved = joined.iter().filter(|(id, place)| drawn[*id] != **place);
    let moved: Vec<_> = moved.map(|(id, _)| id).collect();
    assert_eq!(moved.len(), near.moved);
    assert!(!moved.is_empty());
    assert!(
        moved
            .iter()
            .all(|id| near.joined.iter().any(|group| group.contains(id)))
    );

    let page = fs::read_to_string(data.path.join("near_duplicates.html")).unwrap();
    assert!(page.contains("data:image/jpeg;base64,") && page.contains("ISIC_90"));
    assert!(!page.contains("<script") && !page.contains("src=\"http"));
    let table = fs::read_to_string(data.path.join("near_duplicates.csv")).unwrap();
    assert!(
        table.contains("ISIC_90") && table.contains("mirrored"),
        "{table}"
    );
}

#[test]
fn a_group_is_in_one_fold_and_with_what_is_held_out() {
    let mut photographs = Photographs::new(100);
    for number in 0..4 {
        photographs.copy_mirrored(
            number,
            &format!("HAM_9{number}"),
            &format!("ISIC_9{number}"),
        );
    }
    let data = photographs.prepare("folds", "--folds 3");
    let near = data.info.near_duplicates.clone().unwrap();
    assert_eq!(near.joined.len(), 4);
    let of = places(&data);
    for group in &near.joined {
        assert!(group.iter().all(|id| of[id] == of[&group[0]]), "{group:?}");
    }

    photographs.set_source("HAM_90", "elsewhere");
    let data = photographs.prepare("held", "--hold-out source=elsewhere");
    let test: Vec<_> = data.split_rows(Split::Test);
    let lesions: Vec<_> = test
        .iter()
        .map(|&row| &data.rows[row].sample.lesion_id)
        .collect();
    let group = data.info.near_duplicates.as_ref().unwrap();
    let group = group
        .joined
        .iter()
        .find(|group| group.contains(&"HAM_90".to_owned()));
    assert_eq!(lesions.len(), 2);
    assert!(group.unwrap().iter().all(|id| lesions.contains(&id)));
}

#[test]
fn can_be_told_not_to_look() {
    let photographs = Photographs::new(60);
    let output = photographs.run("out", "--near-duplicates off");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stdout(&output).contains("same skin"));
    let data = Dataset::open(&photographs.path("out")).unwrap();
    assert_eq!(data.info.near_duplicates, None);
    assert!(!data.path.join("near_duplicates.csv").exists());
}
