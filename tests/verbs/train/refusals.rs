//! What training refuses, before any work and without a trace.

use super::*;

#[test]
fn refuses_what_would_fail_later_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    let cases: [(&[&str], i32, &str); 8] = [
        (
            &[
                "--phase",
                "finetune",
                "--weights",
                "none",
                "--set",
                "source_shares.moon=0.3",
            ],
            1,
            "was removed",
        ),
        (&["--phase", "finetune"], 1, "--from CHECKPOINT"),
        (
            &[
                "--phase",
                "transfer",
                "--weights",
                "none",
                "--set",
                "epoch=3",
            ],
            1,
            "Did you mean epochs?",
        ),
        (
            &[
                "--phase",
                "transfer",
                "--weights",
                "none",
                "--set",
                "dropout=2",
            ],
            1,
            "dropout must be",
        ),
        (
            &["--phase", "transfer", "--weights", "nowhere.safetensors"],
            1,
            "nowhere.safetensors",
        ),
        (
            &["--phase", "transfer", "--device", "cuda:77"],
            1,
            "--device cpu",
        ),
        (&["--phase", "sideways"], 2, "sideways"),
        (
            &[
                "--phase",
                "finetune",
                "--weights",
                "none",
                "--batch-size",
                "1",
            ],
            1,
            "BatchNorm",
        ),
    ];
    for (arguments, code, words) in cases {
        let output = train(&out, arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(words),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(!stderr(&output).contains("panicked"));
        assert!(!out.exists(), "{arguments:?}");
    }
}

#[test]
fn refuses_to_overwrite_a_run_unless_told_to() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    assert!(transfer(&out, &["--epochs", "1"]).status.success());
    let output = transfer(&out, &["--epochs", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--resume"), "{}", stderr(&output));
    assert!(
        transfer(&out, &["--epochs", "1", "--force"])
            .status
            .success()
    );
}

#[test]
fn refuses_to_replace_the_run_that_it_starts_from() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    assert!(transfer(&out, &["--epochs", "1"]).status.success());
    let from = out.display().to_string();
    let teachers = format!("teachers=[{from:?}]");
    let file = home.path().join("teachers.toml");
    fs::write(&file, &teachers).unwrap();
    let file = file.display().to_string();
    for named in [
        &["--from", &from][..],
        &["--weights", "none", "--teacher", &from],
        &["--weights", "none", "--set", &teachers],
        &["--weights", "none", "--config", &file],
    ] {
        let width = ["--phase", "finetune", "--force", "--set", "width=0.35"];
        let arguments = [&width, named].concat();
        let output = train(&out, &arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("is in this folder"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_changed_configuration_has_no_effect_on_a_resumed_run_and_a_missing_one_is_written() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    assert!(transfer(&out, &["--epochs", "1"]).status.success());
    let file = out.join("config.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("epochs = 1\n", "epochs = 9\n")).unwrap();
    let output = train(&out, &["--resume"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("config.toml differs from the settings"),
        "{}",
        stderr(&output)
    );
    fs::remove_file(&file).unwrap();
    let output = train(&out, &["--resume"]);
    assert!(
        !stderr(&output).contains("differs from"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn refuses_to_start_from_a_checkpoint_that_has_seen_the_test_part() {
    let home = tempfile::tempdir().unwrap();
    let other = home.path().join("other-split");
    skinlesion()
        .args([
            "prepare",
            "--size",
            "32",
            "--seed",
            "99",
            "--quiet",
            "--metadata",
        ])
        .arg(DATA.0.path().join("drawn").join(synthetic::METADATA))
        .arg("--images")
        .arg(DATA.0.path().join("drawn"))
        .arg("--out")
        .arg(&other)
        .assert()
        .success();
    let first = home.path().join("first");
    assert!(transfer(&first, &["--epochs", "1"]).status.success());
    // Given as plain weights, it has seen them all the same.
    let file = first.join("best.safetensors");
    for (flag, weights) in [("--from", &first), ("--weights", &file)] {
        let output = skinlesion()
            .args([
                "train",
                "--phase",
                "finetune",
                "--set",
                "width=0.35",
                "--data",
            ])
            .arg(&other)
            .arg(flag)
            .arg(weights)
            .arg("--out")
            .arg(home.path().join("second"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{flag}");
        assert!(stderr(&output).contains("has seen"), "{}", stderr(&output));
    }
    // Nor does the dataset become the run.
    let output = train(data(), &["--phase", "transfer", "--weights", "none"]);
    assert!(
        stderr(&output).contains("--out is the dataset folder"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_dataset_with_the_features_of_a_run_is_replaced_by_force() {
    let home = tempfile::tempdir().unwrap();
    let copy = home.path().join("copy");
    let prepare = |more: &[&str]| {
        skinlesion()
            .args(["prepare", "--size", "32", "--quiet", "--metadata"])
            .arg(DATA.0.path().join("drawn").join(synthetic::METADATA))
            .arg("--images")
            .arg(DATA.0.path().join("drawn"))
            .arg("--out")
            .arg(&copy)
            .args(more)
            .assert()
            .success();
    };
    prepare(&[]);
    skinlesion()
        .args(["train", "--phase", "transfer", "--epochs", "1", "--data"])
        .arg(&copy)
        .arg("--out")
        .arg(home.path().join("run"))
        .args(SMALL)
        .assert()
        .success();
    let features = || {
        let names = fs::read_dir(&copy).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with("features-") && name.ends_with(".safetensors"))
            .count()
    };
    assert!(features() > 0);
    prepare(&["--force"]);
    assert_eq!(features(), 0);
}

#[test]
fn weights_that_diverge_in_the_last_step_are_not_saved() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    // One step in each epoch: its loss is that before the step.
    let steps = ["--phase", "finetune", "--weights", "none", "--epochs", "1"];
    let settings = [
        "learning_rate=1e39",
        "base_learning_rate=1e39",
        "schedule=constant",
        "warmup_epochs=0",
        "batch_size=500",
    ];
    let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
    let arguments: Vec<&str> = steps.into_iter().chain(settings).collect();
    let output = train(&out, &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("training diverged"),
        "{}",
        stderr(&output)
    );
    assert!(!out.join("best.safetensors").exists());
    assert!(!out.join("last.safetensors").exists());
}
