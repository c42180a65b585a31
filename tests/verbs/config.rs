//! `skinlesion config`, and settings that are given as flags.

use crate::common::{skinlesion, stderr, stdout};

fn config(arguments: &[&str]) -> String {
    let output = skinlesion().arg("config").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn the_defaults_are_printed_with_their_comments() {
    assert_eq!(
        config(&["--phase", "finetune"]),
        include_str!("../../configs/finetune.toml")
    );
    assert_eq!(
        config(&["--phase", "transfer"]),
        include_str!("../../configs/transfer.toml")
    );
}

#[test]
fn changes_are_in_place_and_flags_beat_the_file() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("my.toml");
    std::fs::write(&file, "epochs = 5\ndropout = 0.1\n").unwrap();
    let file = file.to_str().unwrap();
    let text = config(&[
        "--phase", "finetune", "--config", file, "--set", "epochs=7", "--seed", "9",
    ]);
    for start in ["epochs = 7  ", "dropout = 0.1  ", "seed = 9  "] {
        let line = text.lines().find(|line| line.starts_with(start));
        assert!(
            line.is_some_and(|line| line.contains(" # ")),
            "{start}: {line:?}"
        );
    }
}

#[test]
fn a_flag_that_is_a_setting_is_refused_with_the_setting() {
    for (flags, tip) in [
        (&["--patience", "3"][..], "--set early_stopping_patience=3"),
        (&["--label-smoothing=0.1"], "--set label_smoothing=0.1"),
        (&["--hair"], "--set augment.hair=VALUE"),
    ] {
        let mut command = skinlesion();
        command.args([
            "train", "--phase", "finetune", "--data", "data", "--out", "run",
        ]);
        let output = command.args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(tip), "{}", stderr(&output));
    }
    let output = skinlesion()
        .args(["compare", "a", "b", "--patience", "3"])
        .output()
        .unwrap();
    assert!(!stderr(&output).contains("--set"), "{}", stderr(&output));
}
