//! `skinlesion eval`.

mod leakage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use skinlesion::classes::ham10000;
use skinlesion::dataset::fold_counts::FoldCounts;
use skinlesion::dataset::group_by::GroupBy;
use skinlesion::dataset::info::{self, DatasetInfo, Hashes, SplitCounts};
use skinlesion::dataset::manifest::{self, Row};
use skinlesion::dataset::{Sample, Split, pixels};
use skinlesion::imaging::resize::ResizeRule;
use skinlesion::metrics::Predictions;
use skinlesion::model::checkpoint_metadata::CheckpointMetadata;
use skinlesion::model::seen::{Seen, id_hash};
use skinlesion::{Class, DISCLAIMER, files};
use tempfile::TempDir;

use crate::common::{ham, skinlesion, stderr, stdout};
use crate::networks::{self, SIZE as SIDE};

/// A home with a dataset `data` and an untrained network `run`, which knows the lesions of `data`'s
/// training and validation parts.
pub struct Bench {
    home: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut rows = Vec::new();
        for (number, dx) in ham10000().iter().cycle().take(42).enumerate() {
            let split = [Split::Train, Split::Val, Split::Test][number / 14];
            rows.push(row(
                &format!("IMG_{number}"),
                &format!("HAM_{number}"),
                dx,
                split,
            ));
        }
        write_dataset(&home.path().join("data"), &rows, SIDE);
        let lesions = |part: Split| {
            let of_split = rows.iter().filter(move |row| row.split == part);
            of_split.map(|row| id_hash(&row.sample.lesion_id)).collect()
        };
        let metadata = CheckpointMetadata {
            seen: Seen {
                training_lesions: lesions(Split::Train),
                validation_lesions: lesions(Split::Val),
                ..networks::metadata().seen
            },
            ..networks::metadata()
        };
        networks::write_checkpoint(&home.path().join("run"), metadata);
        Self { home }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs eval of `run` on a dataset into `out`, with more flags.
    pub fn eval(&self, data: &str, more: &[&str]) -> Output {
        self.eval_of("run", data, more)
    }

    pub fn eval_of(&self, model: &str, data: &str, more: &[&str]) -> Output {
        let mut command = skinlesion();
        command.current_dir(self.home.path());
        command.args([
            "--threads",
            "1",
            "eval",
            "--model",
            model,
            "--data",
            data,
            "--out",
            "out",
        ]);
        command.args(more).output().unwrap()
    }

    pub fn metrics(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("out/metrics.json")).unwrap()).unwrap()
    }
}

pub fn row(image_id: &str, lesion_id: &str, dx: Class, split: Split) -> Row {
    Row {
        split,
        fold: None,
        sample: Sample {
            image_id: image_id.into(),
            lesion_id: lesion_id.into(),
            patient_id: String::new(),
            dx,
            dx_type: "histo".into(),
            age: "50.0".into(),
            sex: "female".into(),
            localization: "back".into(),
            source: String::new(),
        },
    }
}

/// A dataset folder whose images are flat colours, one for each row.
pub fn write_dataset(folder: &Path, rows: &[Row], side: u32) {
    write_dataset_of(folder, rows, side, |number| {
        let colour = [(number * 37 % 256) as u8, (number * 101 % 256) as u8, 90];
        colour.repeat((side * side) as usize)
    });
}

/// A dataset folder with an image for the number of each row, as bytes.
pub fn write_dataset_of(folder: &Path, rows: &[Row], side: u32, image: impl Fn(usize) -> Vec<u8>) {
    fs::create_dir(folder).unwrap();
    let folds = rows.iter().filter_map(|row| row.fold);
    let folds = folds.map(|fold| fold.number + 1).max().unwrap_or(0);
    let manifest = manifest::to_csv(rows);
    let bytes: Vec<u8> = (0..rows.len()).flat_map(image).collect();
    let classes = ham10000();
    let of_rows = rows.iter().map(|row| (row.split, row.sample.dx));
    let counts = SplitCounts::of(classes, of_rows);
    let description = DatasetInfo {
        aspect: 1.0,
        format_version: info::FORMAT_VERSION,
        classes,
        images: rows.len(),
        resize: ResizeRule::square(side),
        seed: 1,
        dedupe: "group".into(),
        group_by: GroupBy::widest(rows.iter().map(|row| &row.sample)),
        split: "by hand".into(),
        near_duplicates: None,
        flow: Vec::new(),
        sources: Vec::new(),
        hold_out: Vec::new(),
        folds: FoldCounts::of(classes, rows, folds),
        lesions: counts.clone(),
        counts,
        dropped: Vec::new(),
        rows_read: rows.len(),
        class_weights: vec![1.0; 7],
        hashes: Hashes {
            manifest: files::sha256(&manifest),
            pixels: files::sha256(&bytes),
            ..Hashes::default()
        },
        digests: None,
    };
    fs::write(folder.join(manifest::FILE), manifest).unwrap();
    fs::write(folder.join(pixels::FILE), bytes).unwrap();
    files::write_json(&folder.join(info::FILE), &description).unwrap();
}

#[test]
fn its_figures_go_into_the_model_card_of_this_very_checkpoint_and_of_no_other() {
    let bench = Bench::new();
    let output = bench.eval("data", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let export = |checkpoint: &str, out: &str| {
        let mut command = skinlesion();
        command.current_dir(bench.home.path());
        command.args(["--threads", "1", "export", "--format", "onnx"]);
        command.args(["--checkpoint", checkpoint, "--evaluation", "out"]);
        command.args(["--out", out]).output().unwrap()
    };
    let output = export("run", "exported");
    assert!(output.status.success(), "{}", stderr(&output));
    let card = fs::read_to_string(bench.path("exported/MODEL_CARD.md")).unwrap();
    assert!(
        card.contains("On the test split of another dataset than that of its training: 14 images"),
        "{card}"
    );
    let balanced = bench.metrics()["balanced_accuracy"].as_f64().unwrap();
    assert!(
        card.contains(&format!("| balanced accuracy | {balanced:.3} |")),
        "{card}"
    );

    // The folder stands for the network in it.
    let output = bench.eval_of("exported", "data", &["--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(bench.metrics()["model"]["file"], "model.onnx");
    // That is another file, so its figures are not the checkpoint's.
    let output = export("run", "again");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("another model"),
        "{}",
        stderr(&output)
    );
    assert!(!bench.path("again").exists());
}

#[test]
fn scores_the_test_part_and_writes_every_file() {
    let bench = Bench::new();
    let output = bench.eval("data", &[]);
    assert!(output.status.success(), "{}", stderr(&output));

    let predictions = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
    let ids: Vec<String> = (28..42).map(|number| format!("IMG_{number}")).collect();
    assert_eq!(predictions.image_ids, ids);
    for row in &predictions.probabilities {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    }
    let metrics = bench.metrics();
    let expected = serde_json::to_value(predictions.score()).unwrap();
    for (key, value) in expected.as_object().unwrap() {
        match (metrics[key].as_f64(), value.as_f64()) {
            // Read back from text, the last digit may differ.
            (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-12, "{key}"),
            _ if key == "per_class" => {}
            _ => assert_eq!(&metrics[key], value, "{key}"),
        }
    }
    assert_eq!(metrics["n"], 14);
    assert_eq!(metrics["data"]["split"], "test");
    assert_eq!(metrics["data"]["lesions"], 14);
    assert_eq!(metrics["data"]["proved_unseen"], true);
    assert_eq!(metrics["model"]["file"], "best.safetensors");
    let sha256 = files::sha256_file(&bench.path("run/best.safetensors")).unwrap();
    assert_eq!(metrics["model"]["sha256"], sha256);
    assert!(metrics["per_class"]["mel"]["recall"].is_number());
    assert_eq!(metrics["undefined"], serde_json::json!({}));

    let printed = stdout(&output);
    let report = fs::read_to_string(bench.path("out/report.txt")).unwrap();
    assert!(printed.starts_with(&report));
    assert!(report.contains(DISCLAIMER));
    assert!(report.contains("precision    recall  f1-score   support"));
    assert!(printed.contains("skinlesion export --checkpoint run"));
    for stem in ["confusion_matrix", "confusion_matrix_normalized"] {
        assert!(image::open(bench.path(&format!("out/{stem}.png"))).is_ok());
        let svg = fs::read_to_string(bench.path(&format!("out/{stem}.svg"))).unwrap();
        assert!(svg.contains("test split, 14 images"));
        assert!(printed.contains(&format!("out/{stem}.png")));
    }
}

#[test]
fn the_batch_size_does_not_change_the_figures() {
    let bench = Bench::new();
    assert!(bench.eval("data", &["--batch-size", "5"]).status.success());
    let few = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
    let output = bench.eval("data", &["--batch-size", "1", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let one = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
    for (a, b) in few
        .probabilities
        .iter()
        .flat_map(|row| row.iter())
        .zip(one.probabilities.iter().flat_map(|row| row.iter()))
    {
        assert!((a - b).abs() < 1e-5);
    }
    assert_eq!(
        bench.eval("data", &["--batch-size", "0"]).status.code(),
        Some(2)
    );
}

#[test]
fn refuses_lesions_that_the_network_was_trained_on_unless_told_train() {
    let bench = Bench::new();
    let leaking = [
        row("A", "HAM_100", ham("mel"), Split::Test),
        row("B", "HAM_3", ham("nv"), Split::Test),
        row("C", "HAM_3", ham("nv"), Split::Test),
        row("D", "HAM_5", ham("nv"), Split::Val),
    ];
    write_dataset(&bench.path("leaking"), &leaking, SIDE);
    for (split, problem) in [
        (
            "test",
            "trained on 1 of the 2 lesions of the test split (first: HAM_3)",
        ),
        (
            "val",
            "trained on 1 of the 1 lesions of the val split (first: HAM_5)",
        ),
    ] {
        let output = bench.eval("leaking", &["--split", split]);
        assert_eq!(output.status.code(), Some(1));
        let words = stderr(&output);
        assert!(
            words.contains(problem) && words.contains("--split train"),
            "{words}"
        );
    }
    assert_eq!(
        fs::read_dir(bench.home.path()).unwrap().count(),
        3,
        "something was left behind"
    );

    let output = bench.eval("data", &["--split", "train"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("trained on this split"));
    assert_eq!(bench.metrics()["data"]["proved_unseen"], false);
}

#[test]
fn refuses_to_test_on_lesions_that_choices_were_made_on_but_validates_on_them() {
    let bench = Bench::new();
    let chosen = [row("A", "HAM_20", ham("mel"), Split::Test)];
    write_dataset(&bench.path("chosen"), &chosen, SIDE);
    let output = bench.eval("chosen", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("selected on 1 of the 1 lesions of the test split"));

    let output = bench.eval("data", &["--split", "val"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("Choices were made on this split"));
}

#[test]
fn figures_that_a_missing_class_leaves_undefined_are_null_with_a_reason() {
    let bench = Bench::new();
    let external = [
        row("A", "X_1", ham("mel"), Split::Test),
        row("B", "X_2", ham("nv"), Split::Test),
    ];
    write_dataset(&bench.path("external"), &external, SIDE);
    let output = bench.eval("external", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let metrics = bench.metrics();
    assert!(metrics["macro_auc"].is_null() && metrics["per_class"]["df"]["recall"].is_null());
    assert!(
        metrics["balanced_accuracy"].is_number() && metrics["per_class"]["mel"]["auc"].is_number()
    );
    assert_eq!(
        metrics["undefined"]["macro_auc"],
        "no AUC of akiec, bcc, bkl, df, vasc"
    );
    assert_eq!(
        metrics["undefined"]["per_class.df.recall"],
        "no image has this class"
    );
    assert!(stdout(&output).contains("macro_auc: no AUC of akiec, bcc, bkl, df, vasc"));
}

#[test]
fn refuses_images_of_another_size_and_an_empty_part_with_the_remedy() {
    let bench = Bench::new();
    let rows = [row("A", "X_1", ham("mel"), Split::Test)];
    write_dataset(&bench.path("large"), &rows, 48);
    let output = bench.eval("large", &[]);
    assert_eq!(output.status.code(), Some(1));
    let words = stderr(&output);
    assert!(
        words.contains("--size 48") && words.contains("prepare --size 64 --fit stretch"),
        "{words}"
    );

    write_dataset(&bench.path("external"), &rows, SIDE);
    let output = bench.eval("external", &["--split", "val"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("its val split has no images"));
    assert!(!bench.path("out").exists());
}

#[test]
fn averaging_over_the_views_gives_one_answer_to_all_of_them_and_is_told() {
    let bench = Bench::new();
    let plain = bench.eval("data", &[]);
    assert!(!stdout(&plain).contains("symmetric views"));
    assert_eq!(bench.metrics()["tta"], false);
    // Flat colours look the same from every side: only the rounding may differ.
    let before = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
    let output = bench.eval("data", &["--tta", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let after = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
    let flat = |all: &Predictions| -> Vec<f64> {
        let rows = all.probabilities.iter();
        rows.flat_map(|row| row.iter().copied()).collect()
    };
    for (a, b) in flat(&before).iter().zip(flat(&after)) {
        assert!((a - b).abs() < 1e-5);
    }
    assert_eq!(bench.metrics()["tta"], true);
    let report = fs::read_to_string(bench.path("out/report.txt")).unwrap();
    assert!(
        report.contains("8 symmetric views of each image (--tta)"),
        "{report}"
    );
}

#[test]
fn replaces_an_older_evaluation_only_when_told_and_nothing_else_ever() {
    let bench = Bench::new();
    assert!(bench.eval("data", &[]).status.success());
    let output = bench.eval("data", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--force"));
    assert!(bench.eval("data", &["--force"]).status.success());

    fs::remove_file(bench.path("out/metrics.json")).unwrap();
    assert_eq!(bench.eval("data", &["--force"]).status.code(), Some(1));
    assert!(bench.path("out/report.txt").exists());
}

#[test]
fn json_is_one_object_with_the_figures_and_the_files() {
    let bench = Bench::new();
    let output = bench.eval("data", &["--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut without_files = printed.clone();
    let files = without_files
        .as_object_mut()
        .unwrap()
        .remove("files")
        .unwrap();
    let mut written = bench.metrics();
    assert!(written.as_object_mut().unwrap().remove("digests").is_some());
    assert_eq!(without_files, written);
    for file in files.as_array().unwrap() {
        assert!(bench.path(file.as_str().unwrap()).is_file(), "{file}");
    }
    assert_eq!(files.as_array().unwrap().len(), 8);
}

#[test]
fn an_exported_file_is_scored_like_its_checkpoint_and_as_strictly() {
    let bench = Bench::new();
    let export = skinlesion()
        .current_dir(bench.home.path())
        .args([
            "--threads",
            "1",
            "export",
            "--checkpoint",
            "run",
            "--out",
            "exported",
            "--data",
            "data",
        ])
        .output()
        .unwrap();
    assert!(export.status.success(), "{}", stderr(&export));
    assert!(bench.eval("data", &[]).status.success());
    let expected = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
    let leaking = [row("B", "HAM_3", ham("nv"), Split::Test)];
    write_dataset(&bench.path("leaking"), &leaking, SIDE);
    for file in ["exported/model.onnx", "exported/model.pt"] {
        let output = bench.eval_of(file, "data", &["--force", "--trust"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let found = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
        for (a, b) in found
            .probabilities
            .iter()
            .flat_map(|row| row.iter())
            .zip(expected.probabilities.iter().flat_map(|row| row.iter()))
        {
            assert!((a - b).abs() < 1e-4, "{file}: {a} {b}");
        }
        let output = bench.eval_of(file, "leaking", &["--force", "--trust"]);
        assert!(
            stderr(&output).contains("trained on 1 of the 1 lesions"),
            "{}",
            stderr(&output)
        );
    }
    fs::rename(bench.path("exported/model.onnx"), bench.path("alone.onnx")).unwrap();
    let output = bench.eval_of("alone.onnx", "data", &["--force"]);
    assert!(output.status.success() && stderr(&output).contains("checkpoint.json"));
    assert_eq!(bench.metrics()["data"]["proved_unseen"], false);
}
