//! The network in `exports/released`, as a fresh clone has it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{photograph, skinlesion, stderr, stdout};

fn released() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("exports/released")
}

#[test]
fn the_released_network_names_the_diagnoses_of_a_photograph() {
    let home = tempfile::tempdir().unwrap();
    photograph(&home.path().join("photograph.png"), 1);
    let mut command = skinlesion();
    command.current_dir(home.path());
    command.args(["--threads", "1", "predict", "--json", "--top", "7"]);
    command.arg("--model").arg(released()).arg("photograph.png");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let answer: Value = serde_json::from_str(stdout(&output).lines().next().unwrap()).unwrap();
    let top = answer["top"].as_array().unwrap();
    let sum: f64 = top
        .iter()
        .map(|one| one["probability"].as_f64().unwrap())
        .sum();
    assert_eq!(top.len(), 7);
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
}

#[test]
fn the_released_network_is_small_and_its_card_is_about_the_very_files() {
    let folder = released();
    let bytes = fs::metadata(folder.join("model.onnx")).unwrap().len();
    assert!(bytes <= 9_000_000, "{bytes} bytes");
    let card = fs::read_to_string(folder.join("MODEL_CARD.md")).unwrap();
    for needed in [
        skinlesion::DISCLAIMER,
        "On the test part",
        "95 % interval",
        "CC BY-NC",
    ] {
        assert!(card.contains(needed), "the card lacks: {needed}");
    }
    let model: Value =
        serde_json::from_slice(&fs::read(folder.join("model.json")).unwrap()).unwrap();
    for file in model["files"].as_array().unwrap() {
        let path = folder.join(file["file"].as_str().unwrap());
        assert_eq!(
            file["sha256"],
            skinlesion::files::sha256_file(&path).unwrap()
        );
    }
}
