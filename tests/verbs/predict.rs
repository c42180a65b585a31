//! `skinlesion predict`.

mod files;
mod images;
mod models;

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::common::{ham, photograph, skinlesion, stderr, stdout};
use crate::networks::{SIZE, random_checkpoint};

fn predict(home: &Path, arguments: &[&str]) -> Output {
    skinlesion()
        .current_dir(home)
        .args(["--threads", "1", "predict"])
        .args(arguments)
        .output()
        .unwrap()
}

/// The keys of an answer.
const KEYS: [&str; 12] = [
    "image",
    "class",
    "decision",
    "not_sure",
    "refer",
    "operating_points",
    "not_a_lesion",
    "novelty",
    "top",
    "tta",
    "networks",
    "heat_map",
];

fn json_lines(output: &Output) -> Vec<Value> {
    let lines = stdout(output);
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn names_the_likeliest_three_as_one_json_line_for_each_image() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    photograph(&home.path().join("a.jpg"), 1);
    photograph(&home.path().join("b.png"), 2);
    let output = predict(
        home.path(),
        &["--json", "--model", "checkpoint", "b.png", "a.jpg"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let lines: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!([&lines[0]["image"], &lines[1]["image"]], ["b.png", "a.jpg"]);
    for line in &lines {
        let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys, KEYS);
        assert_eq!(line["tta"], false);
        for missing in [
            "not_sure",
            "refer",
            "operating_points",
            "not_a_lesion",
            "novelty",
        ] {
            assert!(
                line[missing].is_null(),
                "{missing}: a checkpoint has no limits"
            );
        }
        let top = line["top"].as_array().unwrap();
        let probabilities: Vec<f64> = top
            .iter()
            .map(|t| t["probability"].as_f64().unwrap())
            .collect();
        assert_eq!(top.len(), 3);
        assert!(
            probabilities.is_sorted_by(|a, b| a >= b),
            "{probabilities:?}"
        );
        let first = ham(top[0]["class"].as_str().unwrap());
        assert_eq!(top[0]["name"], first.name());
        assert_eq!(top[0]["malignant"], first.is_malignant());
        assert_eq!(line["decision"]["rule"], "likeliest");
        assert_eq!(line["decision"]["class"], top[0]["class"]);
        assert_eq!(line["class"], top[0]["class"]);
    }
    assert_ne!(lines[0]["top"], lines[1]["top"]);
}

#[test]
fn prints_a_table_that_marks_what_is_malignant_and_says_what_it_is_not() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    photograph(&home.path().join("a.jpg"), 1);
    let output = predict(
        home.path(),
        &[
            "--model",
            "checkpoint/best.safetensors",
            "--top",
            "7",
            "a.jpg",
        ],
    );
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(text.contains("* melanoma\n"), "{text}");
    assert!(text.contains("  melanocytic nevus\n"), "{text}");
    assert!(text.contains(skinlesion::DISCLAIMER), "{text}");
    assert_eq!(text.matches('%').count(), 7, "{text}");
}

#[test]
fn averaging_answers_a_turned_photograph_alike_whatever_the_engine() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let photo = home.path().join("a.png");
    photograph(&photo, 1);
    // Of the network's own size, so that resizing does not round a turned photograph otherwise.
    let square = image::open(&photo).unwrap();
    let square = square.resize_exact(SIZE, SIZE, image::imageops::FilterType::Triangle);
    square.save(&photo).unwrap();
    let turned = square.rotate90().fliph();
    turned.save(home.path().join("turned.png")).unwrap();
    let export = skinlesion()
        .current_dir(home.path())
        .args([
            "--threads",
            "1",
            "export",
            "--checkpoint",
            "checkpoint",
            "--out",
            "exported",
        ])
        .output()
        .unwrap();
    assert!(export.status.success(), "{}", stderr(&export));
    let answers = |model: &str, flags: &[&str]| -> Vec<Vec<f64>> {
        let mut arguments = vec![
            "--json",
            "--top",
            "7",
            "--model",
            model,
            "a.png",
            "turned.png",
        ];
        arguments.extend(flags);
        let output = predict(home.path(), &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let probabilities = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            let top = line["top"].as_array().unwrap().iter();
            top.map(|t| t["probability"].as_f64().unwrap()).collect()
        };
        stdout(&output).lines().map(probabilities).collect()
    };
    let farthest = |a: &[f64], b: &[f64]| {
        let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        differences.fold(0.0, f64::max)
    };
    let checkpoint = answers("checkpoint", &["--tta"]);
    for model in ["checkpoint", "exported/model.onnx", "exported/model.pt"] {
        let plain = answers(model, &["--trust"]);
        assert!(
            farthest(&plain[0], &plain[1]) > 1e-3,
            "{model} sees no difference"
        );
        let averaged = answers(model, &["--tta", "--trust"]);
        assert!(farthest(&averaged[0], &averaged[1]) < 1e-5, "{model}");
        assert!(farthest(&averaged[0], &checkpoint[0]) < 1e-4, "{model}");
    }
    let output = predict(home.path(), &["--tta", "--model", "checkpoint", "a.png"]);
    assert!(
        stdout(&output).contains("means over 8 views"),
        "{}",
        stdout(&output)
    );
}
