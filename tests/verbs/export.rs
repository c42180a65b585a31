//! `skinlesion export`.

mod runtimes;
mod verification;

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use skinlesion::artifact::description::Description;
use skinlesion::artifact::format::Format;
use skinlesion::artifact::interface::InputKind;
use skinlesion::artifact::package::FOLDER_FILES;
use skinlesion::classes::ham10000;
use skinlesion::dataset::Split;
use skinlesion::export::images::Images;
use skinlesion::export::inputs::ExportInputs;
use skinlesion::export::quantize::RangeRule;
use skinlesion::export::source::ExportSource;
use skinlesion::export::write::{self, Plan};
use skinlesion::files::AtomicFolder;
use skinlesion::imaging::resize::ResizeRule;
use skinlesion::inference::checkpoint::CheckpointClassifier;
use skinlesion::inference::classifier::{Classifier, Outputs};
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::progress::Silent;
use tch::Device;

use crate::common::{ham, photograph, skinlesion, stderr, stdout};
use crate::eval::{row, write_dataset};
use crate::networks::{SIZE, random_checkpoint};

fn run_export(home: &Path, arguments: &[&str]) -> Output {
    let mut command = skinlesion();
    command
        .current_dir(home)
        .args(["--threads", "1", "export", "--checkpoint", "checkpoint"]);
    command.args(["--out", "exports/small"]).args(arguments);
    command.output().unwrap()
}

fn succeed(output: Output) {
    assert!(output.status.success(), "{}", stderr(&output));
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What the checkpoint in `home` says of images.
fn sound_answers(home: &Path, images: &Images) -> Outputs {
    let borrowed: Vec<&[u8]> = images.pixels.iter().map(Vec::as_slice).collect();
    let network = CheckpointClassifier::open(&home.join("checkpoint"), Device::Cpu).unwrap();
    network.outputs(&borrowed).unwrap()
}

#[test]
fn writes_a_folder_that_an_app_can_use() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let output = run_export(home.path(), &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("noise"),
        "says what it was compared on"
    );
    assert!(
        stdout(&output).contains("model.onnx"),
        "{}",
        stdout(&output)
    );

    let folder = home.path().join("exports/small");
    let model = json(&folder.join("model.json"));
    let codes: Vec<&str> = model["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]);
    assert_eq!(model["classes"][4]["malignant"], true);
    assert_eq!(
        model["files"][0]["input"]["shape"],
        serde_json::json!(["batch", 3, SIZE, SIZE])
    );
    assert_eq!(model["resize"]["size"], SIZE);
    assert_eq!(model["validation"]["balanced_accuracy"], 0.5);
    assert_eq!(model["disclaimer"], skinlesion::DISCLAIMER);
    assert_eq!(model["files"].as_array().unwrap().len(), 2);
    for file in model["files"].as_array().unwrap() {
        let path = folder.join(file["file"].as_str().unwrap());
        assert_eq!(
            file["sha256"],
            skinlesion::files::sha256_file(&path).unwrap()
        );
        assert!(file["check"]["max_difference"].as_f64().unwrap() < 1e-4);
    }
    let checkpoint = home.path().join("checkpoint/best.safetensors");
    let sha256 = skinlesion::files::sha256_file(&checkpoint).unwrap();
    assert_eq!(model["checkpoint"]["sha256"], sha256);
    assert_eq!(json(&folder.join("checkpoint.json"))["about"]["epoch"], 3);
    let labels = std::fs::read_to_string(folder.join("labels.txt")).unwrap();
    assert_eq!(labels.lines().collect::<Vec<_>>(), codes);
    let card = std::fs::read_to_string(folder.join("MODEL_CARD.md")).unwrap();
    assert!(card.contains(skinlesion::DISCLAIMER), "{card}");
    assert!(card.contains("No evaluation was given"), "{card}");
    assert_eq!(
        std::fs::read_dir(home.path().join("exports"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn every_exported_file_predicts_what_the_checkpoint_predicts() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    succeed(run_export(home.path(), &[]));
    for seed in 0..3 {
        photograph(&home.path().join(format!("{seed}.png")), seed);
    }
    let probabilities = |model: &str| -> Vec<(String, f64)> {
        let images = ["0.png", "1.png", "2.png"];
        let mut command = skinlesion();
        command.current_dir(home.path()).args([
            "--threads",
            "1",
            "predict",
            "--json",
            "--top",
            "7",
            "--model",
            model,
        ]);
        if model.ends_with(".pt") {
            command.arg("--trust");
        }
        let output = command.args(images).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let lines = stdout(&output);
        let tops = lines.lines().flat_map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["top"].as_array().unwrap().clone()
        });
        tops.map(|top| {
            let class = top["class"].as_str().unwrap().to_owned();
            (class, top["probability"].as_f64().unwrap())
        })
        .collect()
    };
    let expected = probabilities("checkpoint");
    assert_eq!(expected.len(), 21);
    for model in [
        "exports/small/model.onnx",
        "exports/small/model.pt",
        "exports/small",
    ] {
        for (found, expected) in probabilities(model).iter().zip(&expected) {
            assert_eq!(found.0, expected.0, "{model}");
            assert!(
                (found.1 - expected.1).abs() < 5e-5,
                "{model}: {found:?} {expected:?}"
            );
        }
    }
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let files = || {
        succeed(run_export(home.path(), &["--force"]));
        ["model.onnx", "model.pt"].map(|name| {
            let path = home.path().join("exports/small").join(name);
            skinlesion::files::sha256_file(&path).unwrap()
        })
    };
    assert_eq!(files(), files());
}

#[test]
fn an_older_export_is_only_replaced_with_force() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    succeed(run_export(home.path(), &["--format", "onnx"]));
    let refused = run_export(home.path(), &["--format", "torchscript"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("--force"), "{}", stderr(&refused));
    assert!(home.path().join("exports/small/model.onnx").exists());
    succeed(run_export(
        home.path(),
        &["--format", "torchscript", "--force"],
    ));
    assert!(!home.path().join("exports/small/model.onnx").exists());
    assert!(home.path().join("exports/small/model.pt").exists());
}

#[test]
fn compares_on_the_validation_images_of_a_dataset_and_refuses_those_of_another_size() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let rows: Vec<_> = (0..12)
        .map(|number| {
            let split = [Split::Train, Split::Val, Split::Test][number % 3];
            row(
                &format!("IMG_{number}"),
                &format!("HAM_{number}"),
                ham("nv"),
                split,
            )
        })
        .collect();
    write_dataset(&home.path().join("data"), &rows, SIZE);
    let output = run_export(home.path(), &["--json", "--data", "data", "--images", "3"]);
    let summary: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(summary["compared_on"], "validation images");
    assert_eq!(summary["networks"][0]["check"]["images"], 3);
    assert_eq!(stderr(&output), "");

    write_dataset(&home.path().join("larger"), &rows, SIZE + 16);
    let output = run_export(home.path(), &["--force", "--data", "larger"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("larger: its images were prepared with"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn refuses_what_is_no_checkpoint_or_no_format_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let output = run_export(home.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("checkpoint"),
        "{}",
        stderr(&output)
    );
    let output = run_export(home.path(), &["--format", "onnx,tensorflow"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("torchscript, onnx, onnx-fp16"),
        "{}",
        stderr(&output)
    );
    random_checkpoint(home.path());
    let output = run_export(home.path(), &["--data", "nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    let left = std::fs::read_dir(home.path().join("exports"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[test]
fn an_export_may_contain_its_checkpoint_to_train_further_on_other_images() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let run = |arguments: &[&str]| {
        let mut command = skinlesion();
        command.current_dir(home.path()).args(["--threads", "1"]);
        command.args(arguments).output().unwrap()
    };
    let export = ["export", "--format", "onnx", "--checkpoint"];
    let output = run(&[
        &export[..],
        &["checkpoint", "--include-checkpoint", "--out", "all"],
    ]
    .concat());
    assert!(output.status.success(), "{}", stderr(&output));
    for list in ["README.md", "MODEL_CARD.md"] {
        let text = std::fs::read_to_string(home.path().join("all").join(list)).unwrap();
        assert!(text.contains("`checkpoint.safetensors`"), "{list}");
    }
    let [own, exported] = ["checkpoint", "all/checkpoint.safetensors"].map(|path| {
        let checkpoint = Checkpoint::read(&home.path().join(path)).unwrap();
        (checkpoint.metadata, checkpoint.tensors)
    });
    assert_eq!(own.0, exported.0);
    for (name, tensor) in &own.1 {
        let difference = (tensor - &exported.1[name]).abs().max().double_value(&[]);
        let largest = tensor.abs().max().double_value(&[]);
        assert!(difference <= 1e-3 * largest, "{name}: {difference}");
    }
    let size = |path: &str| std::fs::metadata(home.path().join(path)).unwrap().len();
    assert!(size("all/checkpoint.safetensors") < size("checkpoint/best.safetensors") * 2 / 3);

    // An export of the export has it too, and one that lacks it says so.
    let again = [
        &export[..],
        &["all", "--include-checkpoint", "--out", "again"],
    ]
    .concat();
    let output = run(&again);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        size("again/checkpoint.safetensors"),
        size("all/checkpoint.safetensors")
    );
    std::fs::remove_file(home.path().join("all/checkpoint.safetensors")).unwrap();
    let output = run(&[&again[..], &["--force"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("does not contain its checkpoint"));
}

#[test]
fn a_folder_with_an_input_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    succeed(run_export(home.path(), &["--format", "onnx"]));
    let export = |checkpoint: &str| {
        let mut command = skinlesion();
        command
            .current_dir(home.path())
            .args(["export", "--format", "onnx-fp16", "--force"]);
        command
            .args(["--checkpoint", checkpoint, "--out", "exports/small"])
            .output()
            .unwrap()
    };
    for input in ["exports/small", "exports/small/model.onnx"] {
        let output = export(input);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("is in this folder"),
            "{}",
            stderr(&output)
        );
    }
    assert!(home.path().join("exports/small/model.onnx").is_file());
    succeed(export("checkpoint"));
}

#[test]
fn an_export_whose_network_is_of_another_checkpoint_is_not_exported_again() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    succeed(run_export(home.path(), &["--format", "onnx"]));
    let folder = home.path().join("exports/small");
    let text = std::fs::read_to_string(folder.join("checkpoint.json")).unwrap();
    let sha256 = json(&folder.join("checkpoint.json"))["sha256"].clone();
    let (own, other) = (sha256.as_str().unwrap(), "0".repeat(64));
    std::fs::write(folder.join("checkpoint.json"), text.replace(own, &other)).unwrap();
    let model = std::fs::read_to_string(folder.join("model.json")).unwrap();
    std::fs::write(folder.join("model.json"), model.replace(own, &other)).unwrap();
    std::fs::remove_file(folder.join("SHA256SUMS")).unwrap();
    let error = ExportSource::read(&folder).unwrap_err().to_string();
    assert!(
        error.contains("model.onnx: it was exported from another checkpoint"),
        "{error}"
    );
}

/// A dataset of plain colours for the checkpoint of [`random_checkpoint`], as `data` in `home`.
fn write_data(home: &Path) {
    let split = |number: usize| [Split::Train, Split::Val, Split::Test][number % 3];
    let dx = |number: usize| ham10000().get(number % 7).unwrap();
    let rows: Vec<_> = (0..42)
        .map(|n| row(&format!("IMG_{n}"), &format!("HAM_{n}"), dx(n), split(n)))
        .collect();
    write_dataset(&home.join("data"), &rows, SIZE);
}

#[test]
fn int8_needs_training_images() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let output = run_export(home.path(), &["--format", "onnx,onnx-int8"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("--data DIR"),
        "{}",
        stderr(&output)
    );
    assert!(!home.path().join("exports").exists());
}

#[test]
fn on_the_whole_validation_part_thresholds_and_figures_are_told() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    write_data(home.path());
    succeed(run_export(
        home.path(),
        &["--data", "data", "--format", "onnx"],
    ));
    let model = json(&home.path().join("exports/small/model.json"));
    assert_eq!(model["metrics"][0]["part"], "val");
    assert_eq!(model["metrics"][0]["images"], 14);
    assert!(model["metrics"][0]["intervals"]["accuracy"].is_array());
    let threshold = &model["thresholds"][0];
    assert_eq!(threshold["target"], "melanoma");
    assert!(threshold["sensitivity"].as_f64().unwrap() >= 0.8);
    assert!(model["abstention"]["coverage"].as_f64().unwrap() >= 0.8);
    assert_eq!(
        model["files"][0]["check"]["score"]["balanced_accuracy_change"],
        0.0
    );

    succeed(run_export(
        home.path(),
        &[
            "--data", "data", "--format", "onnx", "--images", "3", "--force",
        ],
    ));
    let model = json(&home.path().join("exports/small/model.json"));
    assert!(
        model.get("thresholds").is_none(),
        "three images are too few"
    );
}

#[test]
fn the_phone_page_lies_beside_the_networks_or_the_remedy_is_told_before_any_work() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let output = run_export(home.path(), &["--format", "web"]);
    let folder = home.path().join("exports/small");
    if output.status.success() {
        assert!(folder.join("web/index.html").exists());
        assert_eq!(
            json(&folder.join("web/model/model.json")),
            json(&folder.join("model.json"))
        );
        assert!(folder.join("web/model/model.onnx").exists());
        assert!(folder.join("web/model/golden/mel.png").exists());
    } else {
        assert!(
            stderr(&output).contains("scripts/web"),
            "{}",
            stderr(&output)
        );
        assert!(!home.path().join("exports").exists());
    }
    let refused = run_export(home.path(), &["--format", "web", "--resize", "--force"]);
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn who_has_an_export_and_no_checkpoint_can_write_the_other_formats() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    succeed(run_export(
        home.path(),
        &["--format", "onnx,onnx-fp16,tflite"],
    ));
    let [first, second] = ["small", "again"].map(|name| home.path().join("exports").join(name));
    let again = |from: &str, more: &[&str]| {
        let mut command = skinlesion();
        command.current_dir(home.path());
        command.args([
            "--threads",
            "1",
            "export",
            "--checkpoint",
            from,
            "--out",
            "exports/again",
        ]);
        command.args(more).output().unwrap()
    };
    succeed(again("exports/small", &["--format", "onnx,tflite"]));
    for name in ["model.onnx", "model.tflite", "checkpoint.json"] {
        let [a, b] = [&first, &second].map(|folder| std::fs::read(folder.join(name)).unwrap());
        assert!(a == b, "{name} is another");
    }
    let halved = again("exports/small/model-fp16.onnx", &["--force"]);
    assert_eq!(halved.status.code(), Some(1));
    assert!(
        stderr(&halved).contains("is not float32"),
        "{}",
        stderr(&halved)
    );
}
