//! `skinlesion calibrate`.

use std::fs;
use std::process::Output;

use serde_json::Value;
use skinlesion::Class;
use skinlesion::dataset::Split;
use skinlesion::metrics::Predictions;
use skinlesion::model::checkpoint::Checkpoint;

use crate::common::{ham, skinlesion, stderr, stdout};
use crate::eval::{Bench, row, write_dataset};
use crate::networks::SIZE as SIDE;

fn calibrate(bench: &Bench, data: &str, out: &str, more: &[&str]) -> Output {
    let mut command = skinlesion();
    command.current_dir(bench.path(""));
    command.args(["--threads", "1", "calibrate", "--checkpoint", "run"]);
    command.args(["--data", data, "--out", out]);
    command.args(more).output().unwrap()
}

/// A dataset of which the network, whose weights are random, knows something: the labels are mostly its own answers.
fn learnable(bench: &Bench) {
    let names: Vec<String> = (0..60).map(|number| format!("C_{number}")).collect();
    let rows = |truths: &[Class]| {
        let of = |(number, name): (usize, &String)| {
            let split = if number < 30 { Split::Val } else { Split::Test };
            row(name, name, truths[number], split)
        };
        names.iter().enumerate().map(of).collect::<Vec<_>>()
    };
    let guess = [ham("nv"); 60];
    write_dataset(&bench.path("unlabelled"), &rows(&guess), SIDE);
    let mut truths = Vec::new();
    for split in ["val", "test"] {
        let output = bench.eval("unlabelled", &["--split", split, "--force"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let answers = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
        for (number, row) in answers.probabilities.iter().enumerate() {
            let by_probability = row.ranked();
            truths.push(by_probability[usize::from(number.is_multiple_of(4))].0);
        }
    }
    write_dataset(&bench.path("labelled"), &rows(&truths), SIDE);
}

fn log_loss(bench: &Bench, model: &str, split: &str) -> f64 {
    let output = bench.eval_of(model, "labelled", &["--split", split, "--force", "--trust"]);
    assert!(output.status.success(), "{}", stderr(&output));
    bench.metrics()["log_loss"].as_f64().unwrap()
}

#[test]
fn a_calibrated_checkpoint_answers_with_the_temperature_and_so_do_its_exports() {
    let bench = Bench::new();
    learnable(&bench);
    let before = log_loss(&bench, "run", "val");
    let output = calibrate(&bench, "labelled", "calibrated.safetensors", &["--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let difference = (said["before"]["log_loss"].as_f64().unwrap() - before).abs();
    assert!(difference < 1e-5, "{difference}");
    assert_eq!(said["before"]["accuracy"], said["after"]["accuracy"]);
    assert!(said["after"]["log_loss"].as_f64().unwrap() < before);

    let temperature = said["temperature"].as_f64().unwrap();
    let metadata = Checkpoint::read(&bench.path("calibrated.safetensors"))
        .unwrap()
        .metadata;
    assert_eq!(metadata.temperature, Some(temperature));
    // "labelled" is not the dataset of the run.
    let run = Checkpoint::read(&bench.path("run/best.safetensors"))
        .unwrap()
        .metadata;
    assert_eq!(metadata.validation, run.validation);
    let after = log_loss(&bench, "calibrated.safetensors", "val");
    assert!((after - said["after"]["log_loss"].as_f64().unwrap()).abs() < 1e-5);
    let calibration = &bench.metrics()["calibration"];
    assert_eq!(calibration["temperature"], temperature);
    let undone = calibration["without_temperature"]["brier"]
        .as_f64()
        .unwrap();
    assert!((undone - said["before"]["brier"].as_f64().unwrap()).abs() < 1e-5);

    let mut command = skinlesion();
    command.current_dir(bench.path(""));
    command.args([
        "--threads",
        "1",
        "export",
        "--checkpoint",
        "calibrated.safetensors",
        "--out",
        "exported",
    ]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let model: Value =
        serde_json::from_slice(&fs::read(bench.path("exported/model.json")).unwrap()).unwrap();
    assert_eq!(model["temperature"], temperature);
    for file in ["exported/model.onnx", "exported/model.pt"] {
        assert!(
            (log_loss(&bench, file, "val") - after).abs() < 1e-4,
            "{file}"
        );
    }
}

#[test]
fn a_second_calibration_finds_nothing_left_to_mend() {
    let bench = Bench::new();
    learnable(&bench);
    assert!(calibrate(&bench, "labelled", "once", &[]).status.success());
    let mut command = skinlesion();
    command.current_dir(bench.path(""));
    command.args([
        "--threads",
        "1",
        "calibrate",
        "--checkpoint",
        "once",
        "--data",
        "labelled",
        "--out",
        "twice",
    ]);
    assert!(command.output().unwrap().status.success());
    let temperature = |name: &str| {
        Checkpoint::read(&bench.path(name))
            .unwrap()
            .metadata
            .temperature
            .unwrap()
    };
    assert!((temperature("once") / temperature("twice") - 1.0).abs() < 1e-4);
}

#[test]
fn refuses_lesions_that_were_trained_on_an_empty_part_and_a_file_in_the_way() {
    let bench = Bench::new();
    for (name, rows, problem) in [
        (
            "seen",
            vec![row("A", "HAM_3", ham("mel"), Split::Val)],
            "trained on 1 of the 1 lesions",
        ),
        (
            "empty",
            vec![row("A", "X", ham("mel"), Split::Test)],
            "no images to fit a temperature on",
        ),
    ] {
        write_dataset(&bench.path(name), &rows, SIDE);
        let output = calibrate(&bench, name, "calibrated", &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(problem), "{}", stderr(&output));
        assert!(!bench.path("calibrated").exists());
    }
    let mut command = skinlesion();
    command.current_dir(bench.path(""));
    command.args([
        "calibrate",
        "--checkpoint",
        "model.onnx",
        "--data",
        "data",
        "--out",
        "calibrated",
    ]);
    let output = command.output().unwrap();
    assert!(
        stderr(&output).contains("exported file, not a checkpoint"),
        "{}",
        stderr(&output)
    );
    fs::write(bench.path("calibrated"), "mine").unwrap();
    let output = calibrate(&bench, "data", "calibrated", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--force"));
    assert_eq!(
        fs::read_to_string(bench.path("calibrated")).unwrap(),
        "mine"
    );
}
