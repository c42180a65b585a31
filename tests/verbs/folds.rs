//! Cross-validation from end to end: `train --fold` and `eval --folds`.

mod all_folds;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use serde_json::Value;
use skinlesion::dataset::manifest::Row;
use skinlesion::dataset::part::Part;
use skinlesion::dataset::{Dataset, Split};
use skinlesion::metrics::Predictions;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::checkpoint_metadata::CheckpointMetadata;
use skinlesion::model::seen::id_hash;
use skinlesion::progress::Silent;
use skinlesion::synthetic::{self, Options};

use crate::common::{skinlesion, stderr, stdout};

const FOLDS: usize = 3;

/// Drawn images prepared at 32 pixels: `folds`, `plain` and `other` (folds of another seed); and for each fold
/// of the first a narrow network after one epoch, `run-0` to `run-2`. Made once for all tests.
static DESK: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let home = tempfile::tempdir().unwrap();
    let options = Options {
        lesions: 100,
        width: 60,
        height: 45,
        ..Options::default()
    };
    synthetic::draw(&home.path().join("drawn"), &options, &Silent).unwrap();
    let metadata = Path::new("drawn").join(synthetic::METADATA);
    for (out, flags) in [
        ("folds", "--folds 3"),
        ("plain", ""),
        ("other", "--folds 3 --seed 99"),
    ] {
        let mut command = skinlesion();
        command
            .current_dir(home.path())
            .args(["prepare", "--size", "32", "--images", "drawn"]);
        command
            .arg("--metadata")
            .arg(&metadata)
            .args(["--out", out]);
        command.args(flags.split_whitespace()).assert().success();
    }
    for fold in 0..FOLDS {
        let flags = format!("{TRANSFER} --fold {fold} --out run-{fold}");
        let output = train_in(home.path(), &flags);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    home
});

const TRANSFER: &str =
    "--phase transfer --data folds --weights none --set width=0.35 --set batch_size=16 --epochs 1";

fn path(name: &str) -> PathBuf {
    DESK.path().join(name)
}

fn train_in(home: &Path, flags: &str) -> Output {
    let mut command = skinlesion();
    command.current_dir(home).args(["--threads", "1", "train"]);
    command.args(flags.split_whitespace()).output().unwrap()
}

fn train(flags: &str) -> Output {
    train_in(DESK.path(), flags)
}

fn eval(flags: &str) -> Output {
    let mut command = skinlesion();
    command.current_dir(DESK.path());
    command.args(["--threads", "1", "eval"]);
    command.args(flags.split_whitespace()).output().unwrap()
}

fn metrics(out: &str) -> Value {
    serde_json::from_slice(&fs::read(path(out).join("metrics.json")).unwrap()).unwrap()
}

fn metadata(run: &str) -> CheckpointMetadata {
    Checkpoint::read(&path(run)).unwrap().metadata
}

#[test]
fn a_fold_trains_on_the_others_and_the_checkpoint_says_which_lesions_those_were() {
    for fold in 0..FOLDS {
        let metadata = metadata(&format!("run-{fold}"));
        assert_eq!(metadata.fold, Some(fold));
        let data = Dataset::open(&path("folds"))
            .unwrap()
            .in_fold(fold)
            .unwrap();
        for (part, known) in [
            (Split::Train, &metadata.seen.training_lesions),
            (Split::Val, &metadata.seen.validation_lesions),
        ] {
            let of_row = |row: usize| id_hash(&data.rows[row].sample.lesion_id);
            let mut lesions: Vec<String> = data.split_rows(part).into_iter().map(of_row).collect();
            lesions.sort();
            lesions.dedup();
            assert_eq!(&lesions, known, "{part} of fold {fold}");
        }
        let known = |hash: &String| metadata.seen.training_lesions.contains(hash);
        assert!(!metadata.seen.validation_lesions.iter().any(known));
    }
}

#[test]
fn a_run_on_all_folds_trains_on_every_lesion_and_keeps_the_last_epoch() {
    let flags = TRANSFER.replace("--epochs 1", "--epochs 2");
    let output = train(&format!("{flags} --fold all --out everything"));
    assert!(output.status.success(), "{}", stderr(&output));
    let words = stdout(&output);
    assert!(words.contains("without validation"), "{words}");
    assert!(words.contains("Kept: epoch 2, the last of 2"), "{words}");
    let metadata = metadata("everything");
    let data = Dataset::open(&path("folds")).unwrap();
    let hash = |row: &Row| id_hash(&row.sample.lesion_id);
    let outside_test = data.rows.iter().filter(|row| row.split != Split::Test);
    let lesions: BTreeSet<String> = outside_test.map(hash).collect();
    assert_eq!(metadata.fold, None);
    assert_eq!(BTreeSet::from_iter(metadata.seen.training_lesions), lesions);
    assert!(metadata.seen.validation_lesions.is_empty() && metadata.validation.is_empty());

    // The test split is still unseen, the folds are not.
    let output = eval("--model everything --data folds --out everything-test");
    assert!(output.status.success(), "{}", stderr(&output));
    let output = eval("--model everything --data folds --split val --out everything-val");
    assert_eq!(output.status.code(), Some(1));

    let tune = "--phase finetune --data folds --set width=0.35 --set batch_size=16 --set trainable_blocks=1 --epochs 2 \
                --set train_limit=20 --fold all --from everything";
    let whole = train(&format!("{tune} --out tuned-all"));
    assert!(whole.status.success(), "{}", stderr(&whole));
    let resumed = train("--resume --data folds --fold all --out tuned-all");
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    let output = train("--resume --data folds --fold 1 --out tuned-all");
    assert!(stderr(&output).contains("no fold to validate on"));
}

#[test]
fn a_run_on_all_folds_refuses_settings_that_need_validation() {
    for setting in ["early_stopping_patience=2", "schedule=plateau"] {
        let output = train(&format!(
            "{TRANSFER} --fold all --set {setting} --out refused"
        ));
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("validation split"),
            "{}",
            stderr(&output)
        );
        assert!(!path("refused").exists());
    }
    let output = train(&format!(
        "{} --fold all --out refused",
        TRANSFER.replace("data folds", "data plain")
    ));
    assert!(
        stderr(&output).contains("it has no folds"),
        "{}",
        stderr(&output)
    );
    let output = train(&format!("{TRANSFER} --fold none --out refused"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn finetuning_goes_on_from_the_same_fold_and_never_from_another() {
    let tune = "--phase finetune --data folds --set width=0.35 --set batch_size=16 --set trainable_blocks=1 --epochs 1 \
                --set train_limit=20";
    let output = train(&format!("{tune} --fold 1 --from run-1 --out tuned-1"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(metadata("tuned-1").fold, Some(1));
    assert!(stdout(&output).contains("eval --model tuned-1 --data folds --split val"));
    let output = train(&format!("{tune} --fold 2 --from run-1 --out tuned-2"));
    assert_eq!(output.status.code(), Some(1));
    let words = stderr(&output);
    assert!(
        words.contains("has seen") && words.contains("--fold"),
        "{words}"
    );
    assert!(!path("tuned-2").exists());
}

#[test]
fn resuming_keeps_the_fold() {
    let flags = TRANSFER.replace("--epochs 1", "--epochs 2");
    assert!(
        train(&format!("{flags} --fold 2 --out again"))
            .status
            .success()
    );
    for fold in ["", "--fold 2"] {
        let output = train(&format!("--resume --data folds --out again {fold}"));
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(metadata("again").fold, Some(2));
    let output = train("--resume --data folds --out again --fold 0");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("fold 2 to validate on"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn pooled_folds_hold_every_lesion_once_and_each_folds_own_figures() {
    let models = "--model run-2 --model run-0 --model run-1/best.safetensors";
    let output = eval(&format!("--folds {models} --data folds --out pooled"));
    assert!(output.status.success(), "{}", stderr(&output));
    let data = Dataset::open(&path("folds")).unwrap();
    let validated = data
        .rows
        .iter()
        .filter(|row| row.fold.is_some_and(|fold| fold.validates));
    let mut expected: Vec<_> = validated.map(|row| row.sample.image_id.clone()).collect();
    let predictions = Predictions::read(&path("pooled/predictions.csv")).unwrap();
    let mut found = predictions.image_ids.clone();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);

    let pooled = metrics("pooled");
    // Through text, as the file went: reading a decimal may change its last bit.
    let scored = serde_json::to_string(&predictions.score()).unwrap();
    let scored: Value = serde_json::from_str(&scored).unwrap();
    for (key, value) in scored.as_object().unwrap() {
        assert_eq!(&pooled[key], value, "{key}");
    }
    assert_eq!(pooled["data"]["lesions"], expected.len());
    let each = pooled["folds"]["each"].as_array().unwrap();
    let mut accuracies = Vec::new();
    for (fold, figures) in each.iter().enumerate() {
        let out = format!("alone-{fold}");
        let alone = format!("--model run-{fold} --data folds --split val --out {out}");
        let output = eval(&alone);
        assert!(output.status.success(), "{}", stderr(&output));
        for key in ["n", "accuracy", "log_loss", "confusion_matrix", "model"] {
            assert_eq!(figures[key], metrics(&out)[key], "{key} of fold {fold}");
        }
        assert_eq!(figures["fold"], fold);
        accuracies.push(figures["accuracy"].as_f64().unwrap());
    }
    let mean = accuracies.iter().sum::<f64>() / FOLDS as f64;
    assert!((pooled["folds"]["mean"]["accuracy"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!(pooled["folds"]["standard_deviation"]["accuracy"].is_number());

    let report = fs::read_to_string(path("pooled/report.txt")).unwrap();
    assert!(stdout(&output).starts_with(&report));
    assert!(report.starts_with("3 folds of folds: "), "{report}");
    assert!(
        report.contains("fold 0    fold 1    fold 2      mean  st. dev."),
        "{report}"
    );
    assert!(path("pooled/confusion_matrix.png").is_file());
    assert_eq!(pooled["tta"], false);
}

#[test]
fn some_of_the_folds_can_be_pooled_with_thresholds_and_decisions_fitted_on_the_others() {
    let output = eval("--folds --model run-2 --model run-0 --data folds --out two --with-images");
    assert!(output.status.success(), "{}", stderr(&output));
    let words = stdout(&output);
    assert!(words.contains("folds 0 and 2 of 3 of folds"), "{words}");
    let two = metrics("two");
    assert_eq!(two["folds"]["of"], 3);
    let each = two["folds"]["each"].as_array().unwrap();
    assert_eq!([&each[0]["fold"], &each[1]["fold"]], [0, 2]);
    assert_eq!(two["operating_points"].as_array().unwrap().len(), 6);
    let decisions = &two["decisions"];
    for key in [
        "accuracy",
        "balanced_accuracy",
        "macro_f1",
        "confusion_matrix",
    ] {
        assert_eq!(decisions["likeliest"][key], two[key], "{key}");
        assert!(!decisions["balanced"][key].is_null(), "{key}");
    }
    assert_eq!(decisions["balanced"]["tau"].as_array().unwrap().len(), 2);
    assert_eq!(
        decisions["balanced"]["per_class"]["mel"]["recall"],
        decisions["balanced"]["melanoma_recall"]
    );
    let predictions = Predictions::read(&path("two/predictions.csv")).unwrap();
    assert!(predictions.has_balanced());

    assert!(
        !stderr(&output).contains("different settings"),
        "{}",
        stderr(&output)
    );
    let other = TRANSFER.replace("--epochs 1", "--epochs 2");
    assert!(
        train(&format!("{other} --fold 1 --out other-1"))
            .status
            .success()
    );
    let output = eval("--folds --model run-0 --model other-1 --data folds --out unlike");
    assert!(
        stderr(&output).contains("different settings (epochs)"),
        "{}",
        stderr(&output)
    );

    let output = eval("--folds --model run-1 --data folds --out one");
    assert!(output.status.success(), "{}", stderr(&output));
    let one = metrics("one");
    assert!(one["decisions"]["balanced"].is_null());
    assert!(one["operating_points"].as_array().unwrap().is_empty());
}

#[test]
fn the_test_part_can_be_scored_by_the_network_of_any_fold() {
    let output = eval("--model run-1 --data folds --out tested");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(metrics("tested")["data"]["proved_unseen"], true);
}

#[test]
fn refuses_a_fold_given_twice_and_what_is_no_fold() {
    let flags =
        "--phase transfer --data plain --weights none --set width=0.35 --epochs 1 --out whole";
    assert!(train(flags).status.success());
    let other = TRANSFER.replace("--data folds", "--data other");
    assert!(
        train(&format!("{other} --fold 0 --out foreign"))
            .status
            .success()
    );
    for (flags, words) in [
        (
            "--folds --model run-1 --model run-1 --model run-0 --data folds",
            "was also validated on fold 1",
        ),
        (
            "--folds --model foreign --model run-1 --model run-2 --data folds",
            "foreign: it was trained with another dataset",
        ),
        (
            "--folds --model whole --data plain",
            "plain: it has no folds",
        ),
        ("--model run-0 --model run-1 --data folds", "say --folds"),
        (
            "--model whole --data folds --split val",
            "its val split has no images",
        ),
    ] {
        let output = eval(&format!("{flags} --out refused"));
        assert_eq!(output.status.code(), Some(1), "{flags}");
        assert!(
            stderr(&output).contains(words),
            "{flags}: {}",
            stderr(&output)
        );
        assert!(!path("refused").exists());
    }
    let output = eval("--folds --split val --model run-0 --data folds --out refused");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_export_is_compared_on_its_own_fold_and_pooled_like_its_checkpoint() {
    let mut command = skinlesion();
    command
        .current_dir(DESK.path())
        .args(["--threads", "1", "export", "--format", "onnx"]);
    command.args([
        "--checkpoint",
        "run-1",
        "--data",
        "folds",
        "--out",
        "exported",
    ]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let models = "--model run-0 --model exported/model.onnx --model run-2";
    let output = eval(&format!(
        "--folds --tta {models} --data folds --out averaged"
    ));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(metrics("averaged")["tta"], true);
    assert!(stdout(&output).contains("8 symmetric views"));
}

#[test]
fn an_evaluation_can_be_limited_to_sources_and_says_so() {
    let data = Dataset::open(&path("folds")).unwrap();
    let source = data.rows[0].sample.source.clone();
    let models = "--folds --model run-0 --model run-1 --model run-2 --data folds";
    let output = eval(&format!("{models} --source {source} --out one-source"));
    assert!(output.status.success(), "{}", stderr(&output));
    let expected = (data.rows.iter())
        .filter(|row| row.sample.source == source && row.fold.is_some_and(|fold| fold.validates))
        .count();
    let metrics = metrics("one-source");
    assert_eq!(metrics["n"], expected);
    assert_eq!(metrics["data"]["sources"][0], source.as_str());
    assert!(stdout(&output).contains(&format!("lesions of {source}")));

    let output = eval(&format!("{models} --source elsewhere --out never"));
    assert_eq!(output.status.code(), Some(1));
    let words = stderr(&output);
    assert!(
        words.contains("elsewhere") && words.contains(&source),
        "{words}"
    );
}
