//! What is refused, and what leaves it in all the same.

use std::fs;

use image::{Rgb, RgbImage};
use skinlesion::dataset::{Dataset, Split};

use super::desk::{Desk, HEADER};
use crate::common::stderr;

#[test]
fn refuses_tables_without_images_or_labels_and_names_the_columns_that_they_have() {
    let desk = Desk::new();
    for (header, words) in [
        (
            "lesion_id,picture,dx,dx_type,age,sex,localization,dataset",
            &[
                "metadata.csv:1",
                "no column of images",
                "found: lesion_id, picture, dx",
                "image_id, image",
            ][..],
        ),
        (
            "lesion,image_id,verdict,how,years,gent,place,dataset",
            &[
                "metadata.csv:1",
                "no column of labels",
                "found: lesion, image_id, verdict",
                "dx, diagnosis",
            ],
        ),
        // It could complete another table.
        (
            "lesion_id,image_id,verdict,dx_type,age,sex,localization,dataset",
            &["metadata.csv: no column of labels", "another --metadata"],
        ),
    ] {
        desk.write(header, &desk.rows);
        desk.refuses("", words);
    }
}

#[test]
fn a_table_without_lesions_and_places_is_read_with_a_warning() {
    let desk = Desk::new();
    desk.write(
        "lesion,image_id,dx,dx_type,age,sex,place,dataset",
        &desk.rows,
    );
    let output = desk.run_into("out", "--near-duplicates off");
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("metadata.csv names no lesions or patients"),
        "{said}"
    );
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert_eq!(data.rows.len(), 77);
    assert!(data.rows.iter().all(|row| {
        let sample = &row.sample;
        sample.lesion_id == sample.image_id && sample.localization == "unknown"
    }));
}

#[test]
fn refuses_unknown_diagnoses_with_their_lines() {
    let mut desk = Desk::new();
    for row in 11..19 {
        desk.rows[row] = desk.rows[row]
            .replace("histo", "x")
            .replace(",bcc,", ",mole,");
    }
    desk.refuses_rows(
        "",
        &[
            "8 rows cannot be used",
            "line 13: unknown dx 'mole'",
            "line 17",
            "and 3 more",
            "akiec, bcc",
        ],
    );
}

#[test]
fn refuses_what_a_damaged_table_has_and_never_shortens_it() {
    for (row, from, to, words) in [
        (5, "ISIC_", "\"ISIC_", "metadata.csv:7: a stray quote"),
        (
            5,
            ",rosendahl",
            ",\"rosendahl",
            "metadata.csv:7: a stray quote",
        ),
        (5, ",histo,", ",histo,-", "is not an age in years"),
        (5, ",histo,", ",histo,9", "is not an age in years"),
        (
            5,
            ",female,",
            ",fe\u{1b}male,",
            "sex 'fe\\u{1b}male' has control characters",
        ),
    ] {
        let mut desk = Desk::new();
        desk.rows[row] = desk.rows[row].replacen(from, to, 1);
        desk.refuses_rows("", &[words]);
    }
    let desk = Desk::new();
    desk.write(&HEADER.replace("age", "dx"), &desk.rows);
    desk.refuses("", &["the column dx occurs 2 times"]);
}

#[test]
fn refuses_rows_of_another_length_and_text_that_is_no_table() {
    let mut desk = Desk::new();
    desk.rows[2].push_str(",more");
    desk.refuses_rows("", &["metadata.csv:4", "9 fields where the header has 8"]);
    fs::write(desk.path("metadata.csv"), [0x50, 0x4b, 0x0a, 0xff, 0xfe]).unwrap();
    desk.refuses("", &["metadata.csv:2", "not UTF-8"]);
    fs::write(desk.path("metadata.csv"), HEADER).unwrap();
    desk.refuses("", &["no rows below the header"]);
    fs::write(desk.path("metadata.csv"), "").unwrap();
    desk.refuses("", &["no rows below the header"]);
    fs::remove_file(desk.path("metadata.csv")).unwrap();
    desk.refuses("", &["cannot read metadata.csv"]);
}

#[test]
fn refuses_an_image_twice_with_different_labels_and_drops_equal_rows() {
    let mut desk = Desk::new();
    let twice = desk.rows[0].clone();
    desk.rows.push(twice.clone());
    let data = desk.prepare("");
    assert!(
        data.info
            .dropped
            .iter()
            .any(|d| d.reason.contains("repeated") && d.rows == 1)
    );
    drop(data);
    desk.rows[77] = twice.replace(",akiec,", ",mel,");
    desk.refuses_rows(
        "--force",
        &["lines 2 and 79: ISIC_000 has dx 'akiec' and 'mel'"],
    );
    assert!(Dataset::open(&desk.path("out")).is_ok());
}

#[test]
fn refuses_a_lesion_with_two_diagnoses() {
    let mut desk = Desk::new();
    desk.rows[1] = desk.rows[1].replace(",akiec,", ",nv,");
    desk.refuses_rows("", &["line 2 and line 3: HAM_akiec0 is akiec and nv"]);
}

#[test]
fn refuses_images_that_are_not_on_disk_unless_allowed() {
    let mut desk = Desk::new();
    desk.rows
        .push("HAM_new,ISIC_999,nv,histo,50,male,back,x".to_owned());
    desk.refuses_rows(
        "",
        &[
            "images: 1 image of the metadata is not found",
            "line 79: ISIC_999",
            "--allow-missing",
        ],
    );
    let data = desk.prepare("--allow-missing");
    assert!(
        data.info
            .dropped
            .iter()
            .any(|d| d.reason.contains("not on disk") && d.rows == 1)
    );
}

#[test]
fn refuses_files_that_do_not_decode_unless_they_may_be_skipped() {
    let desk = Desk::new();
    // The image that would stand for its lesion: its sibling takes its place.
    let find = |id: &str| {
        let file = desk.path("images").join(id).with_extension("PNG");
        if file.exists() {
            file
        } else {
            desk.path("images/part_2").join(id).with_extension("PNG")
        }
    };
    let whole = fs::read(find("ISIC_000")).unwrap();
    fs::write(find("ISIC_000"), &whole[..whole.len() / 2]).unwrap();
    fs::write(find("ISIC_010"), "no image").unwrap();
    desk.refuses_rows(
        "",
        &[
            "2 files cannot be decoded",
            "ISIC_000.PNG",
            "ISIC_010.PNG",
            "--skip-bad",
        ],
    );
    let data = desk.prepare("--skip-bad");
    assert!(
        data.info
            .dropped
            .iter()
            .any(|d| d.reason.contains("decode") && d.rows == 2)
    );
    assert!(
        data.rows
            .iter()
            .any(|row| row.sample.image_id == "ISIC_001")
    );
    assert!(
        !data
            .rows
            .iter()
            .any(|row| row.sample.lesion_id == "HAM_akiec1")
    );
}

#[test]
fn refuses_a_class_with_too_few_lesions_to_split() {
    let mut desk = Desk::new();
    desk.rows.retain(|row| {
        !row.starts_with("HAM_df") || row.starts_with("HAM_df1") || row.starts_with("HAM_df2")
    });
    desk.refuses_rows("", &["too few lesions", "df: 2 lesions"]);
    desk.prepare("--test 0");
}

#[test]
fn refuses_an_empty_part_unless_no_test_part_is_wanted() {
    let desk = Desk::new();
    desk.refuses_rows("--val 0", &["the val split is empty"]);
    let data = desk.prepare("--test 0");
    assert!(data.split_rows(Split::Test).is_empty());
}

#[test]
fn refuses_shares_that_make_no_sense() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    for shares in ["--val 1.5", "--val=-.1", "--test x"] {
        let output = desk.run_into("out", shares);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{shares}: {}",
            stderr(&output)
        );
    }
    desk.refuses(
        "--test nv=.1",
        &["--test: no fraction for akiec", "default="],
    );
    desk.refuses(
        "--val mole=.1,default=.1",
        &["--val: 'mole' is not one of akiec, bcc", "nor 'default'"],
    );
    desk.refuses(
        "--val .6 --test nv=.5,default=.1",
        &["0.6 and 0.5 of nv leave nothing for training"],
    );
}

#[test]
fn replaces_a_dataset_only_when_forced_and_never_another_folder() {
    let desk = Desk::new();
    desk.prepare("");
    desk.refuses("", &["out already exists", "--force"]);
    desk.prepare("--force");
    fs::remove_file(desk.path("out/dataset.json")).unwrap();
    desk.refuses("--force", &["no dataset.json"]);
}

#[test]
fn refuses_folders_without_images_and_ids_that_two_files_claim() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    desk.refuses("--images nowhere", &["nowhere: no such folder"]);
    fs::create_dir_all(desk.path("copies")).unwrap();
    fs::create_dir_all(desk.path("empty")).unwrap();
    let first = fs::read_dir(desk.path("images/part_2"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    fs::copy(first.path(), desk.path("copies").join(first.file_name())).unwrap();
    // The same file found twice and an equal copy do no harm.
    desk.prepare("--images copies --images images/part_2");
    let other = RgbImage::from_pixel(3, 3, Rgb([1, 2, 3]));
    other
        .save(
            desk.path("copies")
                .join(first.file_name())
                .with_extension("png"),
        )
        .unwrap();
    desk.refuses(
        "--force --images copies",
        &["another image has the same id"],
    );
    let output = desk.run("empty", "x", "");
    assert!(stderr(&output).contains("no photograph (.jpg, .jpeg, .png"));
}
