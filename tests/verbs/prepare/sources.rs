//! Several tables of metadata, and the sources of their rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use skinlesion::dataset::{Dataset, Split};
use skinlesion::files;

use super::assert_no_lesion_is_shared;
use super::desk::{Desk, HEADER, names};
use crate::check::Photographs;
use crate::common::{ham, stderr, stdout};

/// The columns of [`HEADER`] without `dataset`.
const WITHOUT_SOURCE: &str = "lesion_id,image_id,dx,dx_type,age,sex,localization";

/// `metadata.csv` holds the lesions 0 to 3 of each class, with the source rosendahl; `other.csv` the lesions 4 to 7 of
/// mel and nv, without a column for the source.
fn desk() -> Desk {
    let mut desk = Desk::new();
    let of_first = |row: &String| {
        row.split(',')
            .next()
            .unwrap()
            .ends_with(['0', '1', '2', '3'])
    };
    let (first, second): (Vec<_>, Vec<_>) = desk.rows.drain(..).partition(of_first);
    let second: Vec<String> = (second.into_iter())
        .filter(|row| row.contains(",mel,") || row.contains(",nv,"))
        .map(|row| row.replace(",rosendahl", ""))
        .collect();
    desk.rows = first;
    desk.write(HEADER, &desk.rows);
    write_other(&desk, WITHOUT_SOURCE, &second);
    desk
}

fn write_other(desk: &Desk, header: &str, rows: &[String]) {
    let text = format!("{header}\n{}\n", rows.join("\n"));
    fs::write(desk.path("other.csv"), text).unwrap();
}

fn prepare(desk: &Desk, flags: &str) -> Dataset {
    let output = desk.run_into("out", &format!("--metadata other.csv --force {flags}"));
    assert!(output.status.success(), "{}", stderr(&output));
    Dataset::open(&desk.path("out")).unwrap()
}

#[test]
fn rows_without_a_source_get_the_name_of_their_table() {
    let desk = desk();
    let data = prepare(&desk, "--source unused --source elsewhere --test 0");
    assert_eq!(data.info.rows_read, 7 * 6 + 2 * 5);
    let lesions = |source: &str| -> BTreeSet<&str> {
        let rows = data.rows.iter().filter(|row| row.sample.source == source);
        rows.map(|row| row.sample.lesion_id.as_str()).collect()
    };
    assert_eq!(lesions("rosendahl").len(), 7 * 4);
    assert_eq!(
        lesions("elsewhere"),
        BTreeSet::from([
            "HAM_mel4", "HAM_mel5", "HAM_mel6", "HAM_mel7", "HAM_nv4", "HAM_nv5", "HAM_nv6",
            "HAM_nv7"
        ])
    );
    assert_no_lesion_is_shared(&data.rows);
    assert!(
        data.info
            .split
            .ends_with("stratified by source and localization"),
        "{}",
        data.info.split
    );

    drop(data);
    let data = prepare(
        &desk,
        "--source '' --source elsewhere --hold-out source=elsewhere",
    );
    assert_eq!(data.info.lesions.test, [0, 0, 0, 0, 4, 4, 0]);
    assert!(
        data.info
            .split
            .ends_with("stratified by source and localization")
    );
}

#[test]
fn the_folder_tells_the_images_of_each_source_and_the_classes_that_it_never_labels() {
    let desk = desk();
    let data = prepare(
        &desk,
        "--source unused --source elsewhere --dedupe lesion --test 0",
    );
    let [elsewhere, rosendahl] = &data.info.sources[..] else {
        panic!("{:?}", data.info.sources);
    };
    assert_eq!(elsewhere.name, "elsewhere");
    assert_eq!(elsewhere.images, [0, 0, 0, 0, 4, 4, 0]);
    assert_eq!(elsewhere.unlabelled, ["akiec", "bcc", "bkl", "df", "vasc"]);
    assert_eq!(
        (rosendahl.name.as_str(), &rosendahl.images[..]),
        ("rosendahl", &[4; 7][..])
    );
    assert!(rosendahl.unlabelled.is_empty());
    let json = fs::read_to_string(desk.path("out/dataset.json")).unwrap();
    for table in ["metadata.csv", "other.csv"] {
        assert!(!json.contains(table), "{json}");
    }

    // Without a name and a column there is no source.
    drop(data);
    let data = prepare(&desk, "--test 0");
    assert_eq!(data.info.sources.len(), 1);
    drop(data);
    // Leaving out every image of a class does not make it unlabelled.
    for folder in ["images", "images/part_2"].map(|folder| desk.path(folder)) {
        let of_df = names(&folder)
            .into_iter()
            .filter(|name| name.starts_with("ISIC_3"));
        of_df.for_each(|name| fs::remove_file(folder.join(name)).unwrap());
    }
    let data = prepare(&desk, "--allow-missing --as test");
    assert_eq!(data.info.sources[0].images[ham("df").index()], 0);
    assert!(data.info.sources[0].unlabelled.is_empty());
}

#[test]
fn the_summary_lists_several_sources_and_warns_of_a_name_without_use() {
    let desk = desk();
    let run = |flags: &str| {
        let output = desk.run_into("out", &format!("--metadata other.csv --force {flags}"));
        (stdout(&output), stderr(&output))
    };
    let (said, warned) = run("--source unused --source elsewhere --dedupe lesion --test 0");
    for words in [
        "from 52 rows of metadata.csv and other.csv",
        "source       akiec     bcc     bkl      df     mel      nv    vasc     all",
        "elsewhere        0       0       0       0       4       4       0       8",
        "Classes that a source never labels",
        "elsewhere: akiec, bcc, bkl, df, vasc",
    ] {
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
    assert!(!said.contains("rosendahl: "), "{said}");
    assert!(
        warned.contains("--source unused is not used") && warned.contains("metadata.csv"),
        "{warned}"
    );
    let (said, warned) = run("--source rosendahl --source rosendahl --test 0");
    assert!(!said.contains("never labels"), "{said}");
    assert!(!warned.contains("not used"), "{warned}");
}

#[test]
fn an_empty_cell_gets_the_name_and_a_full_one_keeps_its_own() {
    let mut desk = desk();
    desk.rows[3] = desk.rows[3].replace("rosendahl", "");
    desk.write(HEADER, &desk.rows);
    let output = desk.run_into("out", "--source named --test 0");
    assert!(!stderr(&output).contains("not used"), "{}", stderr(&output));
    let data = Dataset::open(&desk.path("out")).unwrap();
    let names: BTreeMap<&str, usize> = (data.info.sources.iter())
        .map(|source| (source.name.as_str(), source.images.iter().sum()))
        .collect();
    assert_eq!(names["named"], 1);
    assert_eq!(names.len(), 2);
    // One table is stratified as ever.
    assert!(data.info.split.ends_with("stratified by localization"));
    let table = fs::read(desk.path("metadata.csv")).unwrap();
    assert_eq!(data.info.hashes.metadata, files::sha256(&table));
}

#[test]
fn the_order_of_the_tables_does_not_matter() {
    let desk = desk();
    let folder = |out: &str, flags: &str| {
        let flags = format!("--size 32 --folds 2 --test .2 {flags}");
        let mut command = crate::common::skinlesion();
        command.current_dir(desk.home.path());
        command.args(["prepare", "--images", "images", "--out", out]);
        let output = command.args(flags.split_whitespace()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        [
            "manifest.csv",
            "pixels.bin",
            "dataset.json",
            "near_duplicates.csv",
        ]
        .map(|file| fs::read(desk.path(out).join(file)).unwrap())
    };
    let (first, other) = (
        "--metadata metadata.csv --source rosendahl",
        "--metadata other.csv --source elsewhere",
    );
    let one = folder("one", &format!("{first} {other}"));
    assert!(one == folder("two", &format!("{other} {first}")));
    let single = "--metadata metadata.csv --source rosendahl";
    let single = folder("three", single);
    assert_ne!(one[2], single[2], "the metadata have another hash");
}

#[test]
fn refuses_an_image_in_two_tables_and_names_both() {
    let desk = desk();
    let shared: Vec<String> = desk.rows[4..11].to_vec();
    write_other(&desk, HEADER, &shared);
    desk.refuses(
        "--metadata other.csv",
        &[
            "metadata.csv, other.csv: 7 image ids in two tables",
            "ISIC_030: metadata.csv line 6 and other.csv line 2",
            "and 2 more",
            "Each image must be in one table",
        ],
    );
}

#[test]
fn a_lesion_in_two_tables_is_one_lesion_with_one_diagnosis() {
    let desk = desk();
    // A second image of lesions that metadata.csv has, in files that other.csv alone names.
    let row = |dx: &str, lesion: usize| {
        format!(
            "HAM_mel{lesion},ISIC_4{}0,{dx},histo,5,male,back",
            lesion + 4
        )
    };
    let rows: Vec<String> = (0..4).map(|lesion| row("mel", lesion)).collect();
    write_other(&desk, WITHOUT_SOURCE, &rows);
    for flags in ["", "--seed 5", "--folds 2 --test 0"] {
        let data = prepare(&desk, &format!("--source a --source b {flags}"));
        assert_no_lesion_is_shared(&data.rows);
        let mel: usize = Split::ALL
            .iter()
            .map(|&split| data.info.lesions.split(split)[ham("mel").index()])
            .sum();
        assert_eq!(mel, 4, "{flags}");
    }
    write_other(&desk, WITHOUT_SOURCE, &[row("nv", 1)]);
    desk.refuses(
        "--metadata other.csv --force",
        &[
            "1 row with another diagnosis than their lesion",
            "metadata.csv line 28 and other.csv line 2: HAM_mel1 is mel and nv",
        ],
    );
}

#[test]
fn refuses_another_number_of_names_than_tables_before_any_work() {
    let desk = desk();
    for flags in ["--source a", "--source a --source b --source c"] {
        let output = desk.run_into("out", &format!("--metadata other.csv {flags}"));
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("--metadata 2 times"), "{message}");
    }
    fs::remove_file(desk.path("other.csv")).unwrap();
    desk.refuses("--metadata other.csv", &["cannot read other.csv"]);
}

#[test]
fn a_missing_image_is_named_with_its_table() {
    let desk = desk();
    write_other(
        &desk,
        WITHOUT_SOURCE,
        &["HAM_x,ISIC_999,nv,histo,50,male,back".to_owned()],
    );
    desk.refuses("--metadata other.csv", &["other.csv line 2: ISIC_999"]);
}

#[test]
fn near_duplicates_of_two_sources_are_joined() {
    let mut photographs = Photographs::new(100);
    for number in 0..4 {
        let copy = format!("HAM_9{number}");
        photographs.copy_mirrored(number, &copy, &format!("ISIC_9{number}"));
        photographs.set_source(&copy, "copies");
    }
    photographs.move_rows("other.csv", |row| row.starts_with("HAM_9"));
    let data = photographs.prepare("out", "--metadata other.csv --folds 3");
    let near = data.info.near_duplicates.unwrap();
    assert_eq!((near.pairs, near.joined.len()), (4, 4), "{near:?}");
    let place_of: BTreeMap<&str, String> = (data.rows.iter())
        .map(|row| (row.sample.lesion_id.as_str(), row.place()))
        .collect();
    for group in &near.joined {
        assert_eq!(
            place_of[group[0].as_str()],
            place_of[group[1].as_str()],
            "{group:?}"
        );
    }
    let table = fs::read_to_string(data.path.join("near_duplicates.csv")).unwrap();
    assert!(
        table.starts_with("image_a,image_b,lesion_a,lesion_b,dx_a,dx_b,source_a,source_b,part_a")
    );
    let page = fs::read_to_string(data.path.join("near_duplicates.html")).unwrap();
    for text in [table, page] {
        assert!(text.contains("copies"), "{text}");
    }
}
