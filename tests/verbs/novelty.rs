//! The novelty score, from the checkpoint to the answers: “this does not look like a dermatoscopic photograph”.

use std::path::Path;

use serde_json::{Value, json};
use skinlesion::Class;
use skinlesion::dataset::part::Part;
use skinlesion::dataset::{DatasetInfo, Split};
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::checkpoint_metadata::CheckpointMetadata;
use skinlesion::model::novelty_rule::NoveltyRule;

use crate::common::{ham, photograph, skinlesion, stderr, stdout};
use crate::eval::{row, write_dataset};
use crate::networks::{SIZE, metadata, write_checkpoint};

fn run(home: &Path, arguments: &[&str]) -> String {
    let mut command = skinlesion();
    command.current_dir(home).args(["--threads", "1"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

/// A checkpoint folder whose novelty score has this threshold.
fn checkpoint(home: &Path, name: &str, threshold: f64) {
    let mut metadata = metadata();
    metadata.novelty = NoveltyRule::new(vec![threshold], Part::Val);
    write_checkpoint(&home.join(name), metadata);
}

fn predict(home: &Path, more: &[&str]) -> Value {
    let all = [&["--json", "predict", "--trust", "a.jpg"], more].concat();
    serde_json::from_str(&run(home, &all)).unwrap()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_file_gives_the_score_of_the_checkpoint_and_so_does_an_export_of_an_export() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    photograph(&home.join("a.jpg"), 1);
    checkpoint(home, "net", 1e-3);
    let expected = predict(home, &["--model", "net"]);
    let score = expected["novelty"].as_f64().unwrap();
    assert_eq!(expected["not_a_lesion"], true);
    let formats = "torchscript,onnx,onnx-fp16,tflite,tflite-fp16";
    let export = |from: &str, to: &str, format: &str, more: &[&str]| {
        let of = [
            "export",
            "--checkpoint",
            from,
            "--out",
            to,
            "--format",
            format,
        ];
        run(home, &[&of, more].concat());
    };
    export("net", "out", formats, &["--include-checkpoint"]);
    export(
        "net",
        "bytes",
        "onnx,tflite,torchscript",
        &["--input", "uint8"],
    );
    export("out", "again", "onnx,tflite", &[]);
    export("out/checkpoint.safetensors", "third", "onnx", &[]);
    for (file, tolerance) in [
        ("out/model.pt", 1e-3),
        ("out/model.onnx", 1e-3),
        ("out/model-fp16.onnx", 0.05),
        ("out/model.tflite", 1e-3),
        ("out/model-fp16.tflite", 0.05),
        ("bytes/model.pt", 1e-3),
        ("bytes/model.onnx", 1e-3),
        ("bytes/model.tflite", 1e-3),
        ("again/model.onnx", 1e-3),
        ("again/model.tflite", 1e-3),
        ("third/model.onnx", 0.05), // weights in float16
    ] {
        let found = predict(home, &["--model", file]);
        let found = (found["novelty"].as_f64()).unwrap_or_else(|| panic!("{file} has no score"));
        assert!(
            (found - score).abs() < tolerance * score,
            "{file}: {found} for {score}"
        );
    }
    let model = read(&home.join("out/model.json"));
    assert_eq!(model["novelty"]["threshold"], 1e-3);
    assert_eq!(model["novelty"]["chosen_on"], "val");
    for file in model["files"].as_array().unwrap() {
        let outputs = file["outputs"].as_array().unwrap();
        let novelty = outputs.iter().find(|output| output["name"] == "novelty");
        assert_eq!(novelty.unwrap()["shape"], json!(["batch", 1]));
        assert!(file["check"]["novelty"]["max_difference"].is_f64());
    }
    let golden = read(&home.join("out/golden.json"));
    assert!(golden["images"][0]["novelty"]["tflite"].is_f64());
    assert!(golden["tolerance"]["novelty"]["onnx-fp16"].is_f64());
}

#[test]
fn a_flagged_photograph_has_its_warning_first_and_its_answer_is_marked() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    photograph(&home.join("a.jpg"), 1);
    checkpoint(home, "strict", 1e-3);
    checkpoint(home, "lenient", 1e9);
    let text = |model: &str| run(home, &["predict", "a.jpg", "--model", model]);
    let strict = text("strict");
    let lines: Vec<&str> = strict.lines().collect();
    assert!(
        lines[1].ends_with("! does not look like a dermatoscopic photograph"),
        "{strict}"
    );
    assert!(lines[2].contains(" % ?"), "{strict}");
    assert!(
        lines[..5].iter().all(|line| line.chars().count() <= 80),
        "{strict}"
    );
    let lenient = text("lenient");
    assert!(!lenient.contains("% ?"), "{lenient}");
    assert_eq!(
        predict(home, &["--model", "lenient"])["not_a_lesion"],
        false
    );
    let tta = predict(home, &["--model", "lenient", "--tta"]);
    assert_eq!(
        tta["novelty"],
        predict(home, &["--model", "lenient"])["novelty"]
    );
}

#[test]
fn an_ensemble_has_the_mean_of_score_by_threshold_if_all_of_its_networks_have_a_score() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    photograph(&home.join("a.jpg"), 1);
    checkpoint(home, "one", 10.0);
    checkpoint(home, "two", 1000.0);
    write_checkpoint(&home.join("none"), metadata());
    let score = predict(home, &["--model", "one"])["novelty"]
        .as_f64()
        .unwrap();
    let both = predict(home, &["--model", "one", "--model", "two"]);
    let mean = (score / 10.0 + score / 1000.0) / 2.0;
    assert!((both["novelty"].as_f64().unwrap() - mean).abs() < 1e-6 * mean);
    assert_eq!(both["not_a_lesion"], mean > 1.0);
    let without = predict(home, &["--model", "one", "--model", "none"]);
    assert_eq!(
        (&without["novelty"], &without["not_a_lesion"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn calibrate_fits_the_score_that_eval_counts_and_average_drops() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let classes: Vec<Class> = ["nv", "mel", "bkl", "nv"].map(ham).to_vec();
    let rows: Vec<_> = (0..48)
        .map(|n| {
            let split = [Split::Train, Split::Train, Split::Val, Split::Test][n % 4];
            row(
                &format!("IMG_{n}"),
                &format!("N_{n}"),
                classes[n / 2 % 4],
                split,
            )
        })
        .collect();
    write_dataset(&home.join("data"), &rows, SIZE);
    let info = DatasetInfo::read(&home.join("data/dataset.json")).unwrap();
    let trained_with = CheckpointMetadata {
        dataset: info.hashes.manifest,
        ..metadata()
    };
    write_checkpoint(&home.join("net"), trained_with);
    let calibrate = [
        "--json",
        "calibrate",
        "--data",
        "data",
        "--checkpoint",
        "net",
    ];
    let said = run(
        home,
        &[&calibrate[..], &["--out", "c.safetensors"]].concat(),
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["novelty"]["images"], &said["novelty"]["passes"]),
        (&json!(12), &json!(1.0))
    );
    let calibrated = Checkpoint::read(&home.join("c.safetensors")).unwrap();
    assert!(
        calibrated
            .novelty
            .is_some_and(|novelty| novelty.count() > 0)
    );
    let mut others = rows;
    for row in &mut others {
        row.sample.image_id.insert_str(0, "OTHER_");
    }
    write_dataset(&home.join("others"), &others, SIZE);
    let elsewhere = ["calibrate", "--data", "others", "--checkpoint"];
    let files = ["c.safetensors", "--out", "d.safetensors"];
    run(home, &[&elsewhere[..], &files].concat());
    let again = Checkpoint::read(&home.join("d.safetensors")).unwrap();
    assert_eq!(again.metadata.novelty, calibrated.metadata.novelty);

    run(
        home,
        &[
            "eval",
            "--model",
            "c.safetensors",
            "--data",
            "data",
            "--out",
            "eval",
        ],
    );
    let counted = &read(&home.join("eval/metrics.json"))["novelty"];
    assert_eq!(counted["images"], 12);
    assert_eq!(counted["threshold"], said["novelty"]["threshold"]);

    let other = ["c.safetensors", "net", "--out", "mean.safetensors"];
    run(home, &[&["average"], &other[..]].concat());
    let mean = Checkpoint::read(&home.join("mean.safetensors")).unwrap();
    assert!(mean.novelty.is_none() && mean.metadata.novelty.is_none());
}
