//! `skinlesion info`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{skinlesion, stderr, stdout};
#[cfg(feature = "torch")]
use crate::networks::{random_checkpoint, write_checkpoint};

fn released() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("exports/released")
}

fn json(path: &Path) -> Value {
    let output = skinlesion()
        .arg("--json")
        .arg("info")
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[test]
fn an_export_folder_says_what_it_is() {
    let info = json(&released());
    let model: Value =
        serde_json::from_slice(&fs::read(released().join("model.json")).unwrap()).unwrap();
    assert_eq!(info["kind"], "export-folder");
    assert_eq!(info["network"], "MobileNetV2");
    // torchvision's mobilenet_v2(num_classes=7): 3,504,872 − 1000 · 1281 + 7 · 1281 parameters.
    assert_eq!(info["parameters"], 2_232_839);
    assert!(info["multiply_adds"].as_u64().unwrap() > 200_000_000);
    for field in ["checkpoint", "dataset", "licence"] {
        assert_eq!(info[field], model[field], "{field}");
    }
    let [ours, theirs] = [&info, &model].map(|all| {
        let classes = all["classes"].as_array().unwrap().iter();
        classes
            .map(|class| class["code"].clone())
            .collect::<Vec<_>>()
    });
    assert_eq!(ours, theirs);
    assert_eq!(info["resize"]["size"], model["resize"]["size"]);
    for field in ["metrics", "thresholds"] {
        let [ours, theirs] = [&info, &model].map(|all| all[field].as_array().unwrap().len());
        assert_eq!(ours, theirs, "{field}");
    }
    assert!(info["training"]["training_lesions"].as_u64().unwrap() > 1000);
    let files = info["files"].as_array().unwrap();
    let networks = model["files"].as_array().unwrap().len();
    assert_eq!(files.len(), networks + 1, "and checkpoint.safetensors");
    assert!(files.iter().all(|file| file["as_exported"] == true));
}

#[test]
fn one_exported_file_tells_as_much_about_the_network_as_its_folder() {
    let (folder, file) = (json(&released()), json(&released().join("model.onnx")));
    assert_eq!(file["kind"], "exported-file");
    assert_eq!(file["files"].as_array().unwrap().len(), 1);
    for field in [
        "network",
        "parameters",
        "classes",
        "resize",
        "temperature",
        "checkpoint",
        "training",
    ] {
        assert_eq!(file[field], folder[field], "{field}");
    }
}

#[test]
fn the_text_fits_eighty_columns_and_has_the_disclaimer() {
    let output = skinlesion().arg("info").arg(released()).output().unwrap();
    let text = stdout(&output);
    for line in text.lines().skip(1) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for words in [
        "2.23 M parameters",
        "mel*",
        "balanced accuracy",
        "model.onnx",
        "melanoma  ≥",
    ] {
        assert!(text.contains(words), "{words} is missing in {text}");
    }
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&text).contains(&words(skinlesion::DISCLAIMER)));
}

#[test]
fn a_file_that_has_changed_since_the_export_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    for name in ["model.json", "model.onnx"] {
        fs::copy(released().join(name), home.path().join(name)).unwrap();
    }
    let mut bytes = fs::read(home.path().join("model.onnx")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(home.path().join("model.onnx"), bytes).unwrap();
    let output = skinlesion().arg("info").arg(home.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("CHANGED since the export"));
}

#[test]
fn what_is_no_network_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    for name in ["a.onnx", "a.pt", "a.safetensors"] {
        fs::write(home.path().join(name), "nonsense").unwrap();
    }
    for name in ["a.onnx", "a.pt", "a.safetensors", "gone"] {
        let mut command = skinlesion();
        let output = command
            .current_dir(home.path())
            .args(["info", name])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
}

#[cfg(feature = "torch")]
#[test]
fn a_checkpoint_and_every_format_exported_from_it_describe_the_same_network() {
    let home = tempfile::tempdir().unwrap();
    let checkpoint = random_checkpoint(home.path());
    let mut export = skinlesion();
    export
        .current_dir(home.path())
        .args(["export", "--checkpoint", "checkpoint"]);
    export.args(["--format", "onnx,torchscript,tflite", "--out", "exported"]);
    export.assert().success();
    let expected = json(&checkpoint);
    assert_eq!(expected["network"], "MobileNetV2, width 0.35");
    assert_eq!(expected["training"]["training_lesions"], 1);
    for name in ["model.onnx", "model.pt", "model.tflite"] {
        let info = json(&home.path().join("exported").join(name));
        for field in [
            "network",
            "multiply_adds",
            "resize",
            "decisions",
            "validation",
            "checkpoint",
            "dataset",
        ] {
            assert_eq!(info[field], expected[field], "{field} of {name}");
        }
        assert_eq!(info["files"][0]["as_exported"], true, "{name}");
    }
}

#[cfg(feature = "torch")]
#[test]
fn the_configuration_of_training_is_printed_with_verbose() {
    let home = tempfile::tempdir().unwrap();
    let metadata = crate::networks::metadata();
    let config = "epochs = 3\n".to_owned();
    write_checkpoint(
        &home.path().join("run"),
        skinlesion::model::checkpoint_metadata::CheckpointMetadata { config, ..metadata },
    );
    let text = |flags: &[&str]| {
        let mut command = skinlesion();
        let output = command
            .current_dir(home.path())
            .args(flags)
            .args(["info", "run"])
            .output();
        stdout(&output.unwrap())
    };
    assert!(text(&["--verbose"]).contains("epochs = 3"));
    assert!(!text(&[]).contains("epochs = 3"));
}
