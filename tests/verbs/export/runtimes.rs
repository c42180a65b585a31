//! Exported ONNX files in the real ONNX Runtime, with Python's help.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use skinlesion::classes::ham10000;
use skinlesion::export::images::Images;
use skinlesion::imaging::resize::ResizeRule;
use skinlesion::inference::checkpoint::CheckpointClassifier;
use skinlesion::inference::classifier::Classifier;
use skinlesion::inference::open;
use tch::Device;

use super::{json, run_export, sound_answers, succeed, write_data};
use crate::common::{python, stderr, stdout};
use crate::networks::{SIZE, random_checkpoint};

/// The real ONNX Runtime and ONNX's own checker, in Python.
#[test]
fn onnx_runtime_computes_what_the_checkpoint_computes() {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    let checkpoint = random_checkpoint(home.path());
    succeed(run_export(home.path(), &["--format", "onnx"]));
    let images = Images::noise(ham10000(), ResizeRule::square(SIZE), 5).pixels;
    let pixels = home.path().join("pixels.bin");
    std::fs::write(&pixels, images.concat()).unwrap();

    let model = home.path().join("exports/small/model.onnx");
    let found = ask(&python, "onnx_runtime.py", &[&model, &pixels]);

    assert_eq!(found["opset"], 17);
    assert_eq!(
        found["input"],
        serde_json::json!(["image", "tensor(float)", ["batch", 3, SIZE, SIZE]])
    );
    let description = json(&home.path().join("exports/small/model.json"));
    for (key, text) in found["metadata"].as_object().unwrap() {
        let text = text.as_str().unwrap();
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let told = description
            .get(key)
            .unwrap_or(&description["files"][0][key]);
        assert_eq!(value, *told, "{key}");
    }
    let borrowed: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let network = CheckpointClassifier::open(&checkpoint, Device::Cpu).unwrap();
    let expected = network.probabilities(&borrowed).unwrap();
    for answers in ["together", "one_by_one"] {
        let found: Vec<Vec<f64>> = serde_json::from_value(found[answers].clone()).unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found
            .iter()
            .flatten()
            .zip(expected.iter().flat_map(|row| row.iter()))
        {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}

/// What a script of tests/reference prints.
fn ask(python: &Path, script: &str, arguments: &[&Path]) -> Value {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let mut command = Command::new(python);
    command.arg(scripts.join(script)).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}: {}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap_or(Value::Null)
}

#[test]
fn onnx_runtime_passes_the_golden_vectors_of_every_onnx_file() {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    write_data(home.path());
    let formats = ["--format", "onnx,onnx-fp16", "--data", "data"];
    succeed(run_export(home.path(), &formats));
    let folder = home.path().join("exports/small");
    let found = ask(&python, "golden.py", &[&folder]);
    assert_eq!(found["images"], 7);
    assert!(found["onnx"].as_f64().unwrap() < 1e-5, "{found}");
    assert!(found["onnx-fp16"].as_f64().unwrap() < 2e-2, "{found}");
}

/// Random weights are chaotic: two codes apart is far apart. How close int8 comes on a real network is tested in
/// `released.rs`.
#[test]
fn onnx_runtime_runs_whole_numbers_much_as_they_were_scored() {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    write_data(home.path());
    let formats = ["--format", "onnx-int8", "--tolerance", "100"];
    succeed(run_export(
        home.path(),
        &[&formats[..], &["--data", "data"]].concat(),
    ));
    let images = Images::noise(ham10000(), ResizeRule::square(SIZE), 16);
    let pixels = home.path().join("pixels.bin");
    std::fs::write(&pixels, images.pixels.concat()).unwrap();
    let model = home.path().join("exports/small/model-int8.onnx");
    let found = ask(&python, "onnx_runtime.py", &[&model, &pixels]);
    let found: Vec<Vec<f64>> = serde_json::from_value(found["together"].clone()).unwrap();
    let borrowed: Vec<&[u8]> = images.pixels.iter().map(Vec::as_slice).collect();
    let own = open::open(&model, Device::Cpu).unwrap();
    let expected = own.probabilities(&borrowed).unwrap();
    let pairs = found
        .iter()
        .flatten()
        .zip(expected.iter().flat_map(|row| row.iter()));
    let mean = pairs.map(|(a, b)| (a - b).abs()).sum::<f64>() / (7.0 * 16.0);
    assert!(mean < 0.05, "{mean}");
}

#[test]
fn model_json_keeps_to_its_schema() {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    write_data(home.path());
    succeed(run_export(home.path(), &["--data", "data"]));
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/model.schema.json");
    let model = home.path().join("exports/small/model.json");
    ask(&python, "model_schema.py", &[&schema, &model]);
}

#[test]
fn a_file_for_camera_bytes_gives_the_same_answers() {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let images = Images::noise(ham10000(), ResizeRule::square(SIZE), 5);
    let pixels = home.path().join("pixels.bin");
    std::fs::write(&pixels, images.pixels.concat()).unwrap();
    succeed(run_export(home.path(), &["--input", "uint8"]));
    let model = home.path().join("exports/small/model.onnx");
    let found = ask(&python, "onnx_runtime.py", &[&model, &pixels]);
    assert_eq!(
        found["input"],
        serde_json::json!(["image", "tensor(uint8)", ["batch", SIZE, SIZE, 3]])
    );
    let found: Vec<Vec<f64>> = serde_json::from_value(found["together"].clone()).unwrap();
    let expected = sound_answers(home.path(), &images);
    for (found, expected) in found
        .iter()
        .flatten()
        .zip(expected.probabilities.iter().flat_map(|row| row.iter()))
    {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
}

#[test]
fn a_file_that_resizes_takes_photographs_of_any_size() {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let resize = ["--format", "onnx", "--input", "uint8", "--resize"];
    succeed(run_export(home.path(), &resize));
    let folder = home.path().join("exports/small");
    for name in ["akiec", "bcc", "vasc"] {
        let [picture, prepared] =
            ["", ".prepared"].map(|end| folder.join(format!("golden/{name}{end}.png")));
        let found = ask(
            &python,
            "onnx_resize.py",
            &[&folder.join("model.onnx"), &picture, &prepared],
        );
        assert!(found["largest"].as_f64().unwrap() <= 1.0, "{name}: {found}");
        assert!(found["mean"].as_f64().unwrap() < 0.01, "{name}: {found}");
        assert_eq!(found["probabilities"].as_array().unwrap().len(), 7);
    }
}
