//! `skinlesion demo`.

use std::fs;

use serde_json::Value;

use crate::common::{skinlesion, stderr, stdout};

/// As few lesions as possible: too few to train on, enough to run every step.
const FEWEST: &str = "60";

#[test]
fn runs_every_step_and_fails_if_balanced_accuracy_is_too_low() {
    let home = tempfile::tempdir().unwrap();
    let output = skinlesion()
        .current_dir(home.path())
        .args(["demo", "--lesions", FEWEST, "--seed", "5"])
        .output()
        .unwrap();
    let said = stdout(&output);
    for line in [
        "$ skinlesion demo --draw-only --lesions 60 --out demo --seed 5",
        "$ skinlesion prepare --metadata demo/drawn/HAM10000_metadata.csv --images demo/drawn --out demo/data",
        "$ skinlesion train --phase transfer --weights none",
        "$ skinlesion train --phase finetune --from demo/transfer",
        "$ skinlesion eval --model demo/finetuned",
        "$ skinlesion export --checkpoint demo/finetuned",
        "$ skinlesion predict --model demo/export/model.onnx",
    ] {
        assert!(
            said.contains(line),
            "no line {line} in\n{said}\n{}",
            stderr(&output)
        );
    }
    let demo = home.path().join("demo");
    for file in [
        "drawn/HAM10000_metadata.csv",
        "data/manifest.csv",
        "finetuned/best.safetensors",
        "eval/metrics.json",
        "export/model.onnx",
        "export/model.pt",
    ] {
        assert!(demo.join(file).is_file(), "no {file}");
    }

    let metrics = fs::read_to_string(demo.join("eval/metrics.json")).unwrap();
    let metrics: Value = serde_json::from_str(&metrics).unwrap();
    let reached = metrics["balanced_accuracy"].as_f64().unwrap();
    assert!(reached < 0.90, "42 lesions are too few for that: {reached}");
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("FAILED") && stderr(&output).contains("FAILED"));
    assert!(said.contains("evaluated once"));
}

#[test]
fn a_folder_that_is_no_demo_is_left_alone_even_with_force() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("thesis.tex"), "mine").unwrap();
    for (flags, reason) in [
        (&[][..], "already exists"),
        (&["--force"][..], "not an earlier demo"),
    ] {
        let output = skinlesion()
            .args(["demo", "--draw-only", "--lesions", FEWEST, "--out"])
            .arg(home.path())
            .args(flags)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
        assert!(home.path().join("thesis.tex").is_file());
    }
}

#[test]
fn too_few_lesions_are_a_wrong_use() {
    let output = skinlesion()
        .args(["demo", "--lesions", "20"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
