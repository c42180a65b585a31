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
fn the_released_network_refers_and_is_unsure_by_the_limits_of_its_description() {
    let folder = released();
    let model: Value =
        serde_json::from_slice(&fs::read(folder.join("model.json")).unwrap()).unwrap();
    let limit = |target: &str| {
        let mut all = model["thresholds"].as_array().unwrap().iter();
        let is_it = |one: &&Value| one["target"] == target && one["sensitivity_asked"] == 0.9;
        all.find(is_it).unwrap()["threshold"].as_f64().unwrap()
    };
    let mut command = skinlesion();
    command.args(["predict", "--json", "--top-k", "7", "--model"]);
    let output = command.arg(&folder).arg(folder.join("golden")).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let mut seen = std::collections::BTreeSet::new();
    for line in stdout(&output).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let of = |classes: &[&str]| -> f64 {
            let top = line["top"].as_array().unwrap().iter();
            let counted = top.filter(|one| classes.contains(&one["class"].as_str().unwrap()));
            counted
                .map(|one| one["probability"].as_f64().unwrap())
                .sum()
        };
        let melanoma = of(&["mel"]) >= limit("melanoma");
        let malignant = of(&["akiec", "bcc", "mel"]) >= limit("malignant");
        let refer = match (melanoma, malignant) {
            (true, _) => Some("melanoma"),
            (_, true) => Some("malignant"),
            _ => None,
        };
        let most = line["top"][0]["probability"].as_f64().unwrap();
        let not_sure = most < model["abstention"]["threshold"].as_f64().unwrap();
        assert_eq!(line["refer"].as_str(), refer, "{line}");
        assert_eq!(line["not_sure"], not_sure, "{line}");
        seen.insert((refer, not_sure));
    }
    assert!(
        seen.len() > 2,
        "the pictures do not tell the rules apart: {seen:?}"
    );
}

#[test]
fn the_table_of_the_released_network_fits_80_columns_and_says_what_the_page_says() {
    let mut command = skinlesion();
    command.args(["predict", "--heat-map"]);
    let home = tempfile::tempdir().unwrap();
    command.arg(home.path().join("maps"));
    let golden = released().join("golden");
    command.arg("--model").arg(released()).arg(&golden);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let lines = text.lines().take_while(|line| !line.starts_with("Written"));
    for line in lines.filter(|line| *line != skinlesion::DISCLAIMER) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(text.contains("  refer: melanoma "), "{text}");
    assert!(
        text.contains(" which finds 90 of 100 melanomas\n"),
        "{text}"
    );
    assert!(
        text.contains("No “refer” is not an all-clear:\n  10 of 100 melanomas"),
        "{text}"
    );
    let maps = fs::read_dir(home.path().join("maps")).unwrap().count();
    assert_eq!(maps, fs::read_dir(&golden).unwrap().count());
}

#[test]
fn the_released_network_is_small_and_its_card_is_about_the_very_files() {
    let folder = released();
    // 8.9 MB of weights, and 0.2 MB of the novelty score.
    let bytes = fs::metadata(folder.join("model.onnx")).unwrap().len();
    assert!(bytes <= 9_200_000, "{bytes} bytes");
    let bytes = fs::metadata(folder.join("checkpoint.safetensors"))
        .unwrap()
        .len();
    assert!(bytes <= 9_000_000, "{bytes} bytes");
    let card = fs::read_to_string(folder.join("MODEL_CARD.md")).unwrap();
    for needed in [
        skinlesion::DISCLAIMER,
        "fold 0 of 5",
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
