//! The files that `predict` writes.

use serde_json::Value;

use super::{json_lines, predict};
use crate::common::{photograph, stderr, stdout};
use crate::networks::{SIZE, random_checkpoint};

#[test]
fn the_csv_file_has_an_answer_or_an_error_a_row_and_is_not_overwritten() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    photograph(&home.path().join("a.jpg"), 1);
    let arguments = [
        "--quiet",
        "--model",
        "checkpoint",
        "--output",
        "out.csv",
        "a.jpg",
        "gone.jpg",
    ];
    let output = predict(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stdout(&output),
        "",
        "--quiet drops the answers with the caveats"
    );
    let mut file = csv::Reader::from_path(home.path().join("out.csv")).unwrap();
    let header = file.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = file.records().map(Result::unwrap).collect();
    let value = |row: usize, column: &str| {
        let at = header.iter().position(|name| name == column).unwrap();
        rows[row][at].to_owned()
    };
    let codes = skinlesion::classes::ham10000().map(skinlesion::Class::code);
    let sum: f64 = codes
        .iter()
        .map(|code| value(0, code).parse::<f64>().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    assert!(codes.contains(&value(0, "class").as_str()));
    assert_eq!(value(0, "error"), "");
    assert!(value(1, "error").contains("gone.jpg: not found"));
    let output = predict(home.path(), &arguments);
    let said = stderr(&output);
    assert!(said.contains("out.csv already exists"), "{said}");
}

#[test]
fn heat_maps_are_written_one_a_photograph_and_not_overwritten() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    std::fs::create_dir(home.path().join("deep")).unwrap();
    photograph(&home.path().join("a.jpg"), 1);
    photograph(&home.path().join("deep/a.png"), 2);
    let arguments = [
        "--json",
        "--model",
        "checkpoint",
        "--heat-map",
        "maps",
        "a.jpg",
        "deep",
    ];
    let output = predict(home.path(), &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let files: Vec<Value> = json_lines(&output)
        .iter()
        .map(|line| line["heat_map"].clone())
        .collect();
    assert_eq!(files, ["maps/a.png", "maps/a-2.png"]);
    let [one, other] =
        ["a.png", "a-2.png"].map(|name| image::open(home.path().join("maps").join(name)).unwrap());
    assert_eq!((one.width(), one.height()), (SIZE, SIZE));
    assert_ne!(one, other);
    let output = predict(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("already exists"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "");
    let forced = [&arguments[..], &["--force"]].concat();
    assert!(predict(home.path(), &forced).status.success());
    // Nor is a picture of another kind replaced.
    let photograph = std::fs::read(home.path().join("deep/a.png")).unwrap();
    std::fs::write(home.path().join("maps/a.png"), &photograph).unwrap();
    let output = predict(home.path(), &forced);
    assert!(
        stderr(&output).contains("as heat maps of this network are"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        std::fs::read(home.path().join("maps/a.png")).unwrap(),
        photograph
    );
    // A photograph that is read is never replaced.
    let photograph = std::fs::read(home.path().join("deep/a.png")).unwrap();
    let forced = [
        "--model",
        "checkpoint",
        "--force",
        "--heat-map",
        "deep",
        "deep/a.png",
    ];
    let output = predict(home.path(), &forced);
    assert!(
        stderr(&output).contains("this file is an input"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        std::fs::read(home.path().join("deep/a.png")).unwrap(),
        photograph
    );
}
