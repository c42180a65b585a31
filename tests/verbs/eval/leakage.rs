//! What a network has seen is recognised by the ids of lesions and images, and by the look of an image.

use std::path::Path;
use std::process::Output;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use skinlesion::classes::ham10000;
use skinlesion::dataset::manifest::Row;
use skinlesion::dataset::{Dataset, Split};
use skinlesion::imaging::symmetry::Symmetry;
use skinlesion::model::checkpoint_metadata::CheckpointMetadata;
use skinlesion::model::seen::Seen;
use tempfile::TempDir;

use super::{row, write_dataset_of};
use crate::common::{skinlesion, stderr, stdout};
use crate::networks::{self, SIZE};

/// A picture of blotches, one for each number.
fn picture(number: usize) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
    let coarse = image::RgbImage::from_fn(8, 8, |_, _| image::Rgb(rng.random()));
    let filter = image::imageops::FilterType::Triangle;
    image::imageops::resize(&coarse, SIZE, SIZE, filter).into_raw()
}

/// One image of each class in `split`; their ids are made from the numbers 0 to 6.
fn rows(
    split: Split,
    image: impl Fn(usize) -> String,
    lesion: impl Fn(usize) -> String,
) -> Vec<Row> {
    let classes = ham10000().iter().enumerate();
    let rows = classes.map(|(number, dx)| row(&image(number), &lesion(number), dx, split));
    rows.collect()
}

/// A home with a dataset `own` and a network `run` that was trained on it.
fn trained_on(own: &[Row]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("own");
    write_dataset_of(&folder, own, SIZE, picture);
    let data = Dataset::open(&folder).unwrap();
    let metadata = CheckpointMetadata {
        seen: Seen::new(&data, &data.split_rows(Split::Train), &[]).unwrap(),
        ..networks::metadata()
    };
    networks::write_checkpoint(&home.path().join("run"), metadata);
    home
}

fn eval(home: &Path, data: &str) -> Output {
    let mut command = skinlesion();
    command
        .current_dir(home)
        .args(["--threads", "1", "eval", "--model", "run"]);
    command
        .args(["--data", data, "--out", "out", "--force"])
        .output()
        .unwrap()
}

fn isic(number: usize) -> String {
    format!("ISIC_{number}")
}

fn ham(number: usize) -> String {
    format!("HAM_{number}")
}

#[test]
fn images_from_a_table_without_lesion_ids_are_recognised_where_they_have_some_and_the_other_way_round()
 {
    for (own, other) in [
        (isic as fn(usize) -> String, ham as fn(usize) -> String),
        (ham, isic),
    ] {
        let home = trained_on(&rows(Split::Train, isic, own));
        let other = rows(Split::Test, isic, other);
        write_dataset_of(&home.path().join("other"), &other, SIZE, |_| picture(100));
        let output = eval(home.path(), "other");
        assert_eq!(output.status.code(), Some(1));
        let error = stderr(&output);
        assert!(
            error.contains("trained on 7 of the 7 lesions of the test split"),
            "{error}"
        );
        assert!(error.contains("ISIC_0"), "{error}");
    }
}

#[test]
fn a_photograph_is_recognised_under_another_name_and_another_photograph_is_scored() {
    let home = trained_on(&rows(Split::Train, isic, ham));
    let others = rows(
        Split::Test,
        |number| format!("IMG_{number}"),
        |number| format!("L_{number}"),
    );
    let write = |name: &str, picture: &dyn Fn(usize) -> Vec<u8>| {
        write_dataset_of(&home.path().join(name), &others, SIZE, picture);
    };
    write("strangers", &|number| picture(50 + number));
    write("one", &|number| {
        picture(if number == 5 { 2 } else { 50 + number })
    });
    let output = eval(home.path(), "strangers");
    assert!(output.status.success(), "{}", stderr(&output));
    let view = |symmetry: Symmetry| {
        let image = image::RgbImage::from_raw(SIZE, SIZE, picture(2)).unwrap();
        symmetry.apply(&image).into_raw()
    };
    for (name, symmetry) in [("turned", Symmetry::ALL[1]), ("mirrored", Symmetry::ALL[4])] {
        write(name, &|number| match number {
            5 => view(symmetry),
            _ => picture(50 + number),
        });
    }
    for name in ["one", "turned", "mirrored"] {
        let output = eval(home.path(), name);
        assert_eq!(output.status.code(), Some(1));
        let error = stderr(&output);
        assert!(error.contains("trained on 1 of the 7 lesions"), "{error}");
        assert!(
            error.contains("L_5, whose image IMG_5 is among them under another name"),
            "{error}"
        );
    }
}

#[test]
fn other_lesions_of_a_patient_are_recognised_where_patients_are_kept_whole() {
    let of_patients = |mut rows: Vec<Row>, named: &dyn Fn(usize) -> String| {
        for (number, row) in rows.iter_mut().enumerate() {
            row.sample.patient_id = named(number);
        }
        rows
    };
    let patient = |number: usize| format!("P_{number}");
    let home = trained_on(&of_patients(rows(Split::Train, isic, ham), &patient));
    let others = rows(
        Split::Test,
        |number| format!("IMG_{number}"),
        |number| format!("L_{number}"),
    );
    let write = |name: &str, rows: &[Row]| {
        write_dataset_of(&home.path().join(name), rows, SIZE, |number| {
            picture(50 + number)
        });
    };
    // Two patients are unknown, one is known from training.
    let one = |number: usize| match number {
        0 | 1 => String::new(),
        2 => patient(6),
        _ => format!("Q_{number}"),
    };
    write("one", &of_patients(others.clone(), &one));
    let output = eval(home.path(), "one");
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    assert!(error.contains("trained on 1 of the 7 lesions"), "{error}");
    assert!(
        error.contains("L_2, by its patient P_6: if that is another person"),
        "{error}"
    );
    let output = skinlesion()
        .current_dir(home.path())
        .args(["check", "--data", "one", "--against", "own"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output) + &stderr(&output);
    assert!(
        said.contains("patients of the test split are used"),
        "{said}"
    );
    assert!(
        said.contains("P_6 is in train of the other dataset"),
        "{said}"
    );

    // Without patient ids nothing is known of patients.
    write("unnamed", &others);
    let output = eval(home.path(), "unnamed");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn a_network_that_lists_no_images_is_scored_with_a_warning() {
    let home = tempfile::tempdir().unwrap();
    let mut metadata = networks::metadata();
    metadata.seen.training_images.clear();
    networks::write_checkpoint(&home.path().join("run"), metadata);
    let folder = home.path().join("other");
    write_dataset_of(&folder, &rows(Split::Test, isic, isic), SIZE, picture);
    let output = eval(home.path(), "other");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("lists the lesions that it was trained on, not the images"));
}
