//! `skinlesion train`.

mod refusals;
mod resume;
mod teachers;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::state_dict::{NamedTensors, read_safetensors, to_floats};
use skinlesion::progress::Silent;
use skinlesion::synthetic::{self, Options};

use crate::common::{skinlesion, stderr, stdout};

/// A narrow network, so that a step takes milliseconds.
const SMALL: [&str; 6] = [
    "--set",
    "width=0.35",
    "--set",
    "batch_size=16",
    "--weights",
    "none",
];

/// Drawn images prepared at 32 pixels, made once for all tests.
static DATA: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let home = tempfile::tempdir().unwrap();
    let options = Options {
        lesions: 100,
        width: 90,
        height: 68,
        ..Options::default()
    };
    let metadata = synthetic::draw(&home.path().join("drawn"), &options, &Silent).unwrap();
    let data = home.path().join("data");
    skinlesion()
        .args(["prepare", "--size", "32", "--quiet", "--metadata"])
        .arg(&metadata)
        .arg("--images")
        .arg(home.path().join("drawn"))
        .arg("--out")
        .arg(&data)
        .assert()
        .success();
    (home, data)
});

fn data() -> &'static Path {
    &DATA.1
}

/// Trains with some more arguments and gives what it printed.
fn train(out: &Path, arguments: &[&str]) -> std::process::Output {
    skinlesion()
        .args(["train", "--data"])
        .arg(data())
        .arg("--out")
        .arg(out)
        .args(arguments)
        .output()
        .unwrap()
}

fn transfer(out: &Path, more: &[&str]) -> std::process::Output {
    train(out, &[&["--phase", "transfer"], &SMALL[..], more].concat())
}

fn values(tensors: &NamedTensors) -> Vec<(String, Vec<f32>)> {
    let plain = tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), to_floats(tensor).unwrap()));
    plain.collect()
}

#[test]
fn transfer_learns_the_head_and_leaves_the_base_untouched_to_the_bit() {
    let home = tempfile::tempdir().unwrap();
    let (short, long) = (home.path().join("short"), home.path().join("long"));
    for (out, epochs) in [(&short, "1"), (&long, "4")] {
        let output = transfer(
            out,
            &["--epochs", epochs, "--set", "early_stopping_patience=0"],
        );
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let [short, long] = [short, long]
        .map(|out| values(&read_safetensors(&out.join("last.safetensors")).unwrap().0));
    for ((name, one), (_, four)) in short.iter().zip(&long) {
        if name.starts_with("features.") {
            assert_eq!(one, four, "{name} moved");
        }
        if name.starts_with("classifier.") {
            assert_ne!(one, four, "{name} did not learn");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let home = tempfile::tempdir().unwrap();
    let bytes = |name: &str, seed: &str| {
        let out = home.path().join(name);
        let output = transfer(
            &out,
            &[
                "--epochs",
                "2",
                "--seed",
                seed,
                "--set",
                "cache_features=false",
            ],
        );
        assert!(output.status.success(), "{}", stderr(&output));
        fs::read(out.join("best.safetensors")).unwrap()
    };
    let first = bytes("a", "7");
    assert_eq!(first, bytes("b", "7"));
    assert_ne!(first, bytes("c", "8"));
}

/// A long run that has saved its first epoch, so that training is surely under way.
#[cfg(unix)]
fn run_under_way(out: &Path) -> std::process::Child {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_skinlesion"))
        .args(["train", "--phase", "finetune", "--epochs", "500", "--data"])
        .arg(data())
        .arg("--out")
        .arg(out)
        .args(SMALL)
        .args(["--set", "early_stopping_patience=0"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..600 {
        if out.join("last.safetensors").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    run
}

/// Sends signals by a line of shell, in which `$0` is the process.
#[cfg(unix)]
fn signal(run: &std::process::Child, line: &str) {
    let mut shell = std::process::Command::new("sh");
    let sent = shell.args(["-c", line, &run.id().to_string()]).status();
    assert!(sent.is_ok());
}

#[cfg(unix)]
#[test]
fn ctrl_c_or_a_request_to_end_saves_and_names_the_command_that_goes_on() {
    for how in ["INT", "TERM", "HUP"] {
        let home = tempfile::tempdir().unwrap();
        let run = run_under_way(&home.path().join("run"));
        signal(&run, &format!("kill -{how} $0"));
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{how}");
        let said = stdout(&output);
        assert!(said.contains("skinlesion train --resume --out"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_second_ctrl_c_ends_at_once_and_without_a_trace() {
    let home = tempfile::tempdir().unwrap();
    let run = run_under_way(&home.path().join("run"));
    signal(&run, "kill -INT $0; sleep 0.002; kill -INT $0");
    let output = run.wait_with_output().unwrap();
    let said = stderr(&output);
    assert!(
        !said.contains("panicked") && !said.contains("internal error"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(130));
}

#[test]
fn finetuning_from_a_transfer_checkpoint_writes_all_that_it_promises() {
    let home = tempfile::tempdir().unwrap();
    let (first, second) = (home.path().join("first"), home.path().join("second"));
    assert!(transfer(&first, &["--epochs", "2"]).status.success());
    let from = first.display().to_string();
    let output = train(
        &second,
        &[
            "--phase",
            "finetune",
            "--from",
            &from,
            "--epochs",
            "1",
            "--set",
            "width=0.35",
            "--set",
            "trainable_blocks=3",
            "--set",
            "train_limit=40",
            "--json",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let summary: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(summary["epochs"].as_array().unwrap().len(), 1);
    for file in [
        "best.safetensors",
        "last.safetensors",
        "config.toml",
        "history.csv",
        "curves.svg",
        "curves.png",
    ] {
        assert!(second.join(file).is_file(), "{file}");
    }
    let about = Checkpoint::read(&second).unwrap().metadata;
    assert_eq!(about.phase, "finetune");
    assert_eq!(
        about.config,
        fs::read_to_string(second.join("config.toml")).unwrap()
    );
    let history = fs::read_to_string(second.join("history.csv")).unwrap();
    for column in [
        "val_balanced_accuracy",
        "train_top2_accuracy",
        "val_melanoma_recall",
    ] {
        assert!(history.starts_with("epoch,") && history.contains(column));
    }

    // Blocks before the last three stay as they were, statistics included.
    let before = values(&Checkpoint::read(&first).unwrap().tensors);
    let after = values(&Checkpoint::read(&second).unwrap().tensors);
    for ((name, old), (_, new)) in before.iter().zip(&after) {
        let block: usize = name.split('.').nth(1).unwrap().parse().unwrap();
        let frozen = name.starts_with("features.") && block < 16;
        assert_eq!(old == new, frozen, "{name}");
    }
}

/// Fine-tunes a little from a checkpoint, with more arguments.
fn finetune(out: &Path, from: &Path, more: &[&str]) -> std::process::Output {
    let from = from.display().to_string();
    let start = ["--phase", "finetune", "--from", &from, "--epochs", "1"];
    let small = ["--set", "width=0.35", "--set", "train_limit=40"];
    train(out, &[&start[..], &small, more].concat())
}

#[test]
fn the_average_is_what_is_judged_and_kept_while_the_last_weights_go_on() {
    let home = tempfile::tempdir().unwrap();
    let first = home.path().join("first");
    assert!(transfer(&first, &["--epochs", "1"]).status.success());
    let out = home.path().join("averaged");
    let output = finetune(&out, &first, &["--set", "ema_decay=0.9"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let best = Checkpoint::read(&out).unwrap().tensors;
    let (last, _) = read_safetensors(&out.join("last.safetensors")).unwrap();
    let weight = "classifier.1.weight";
    assert_eq!(
        to_floats(&best[weight]).unwrap(),
        to_floats(&last[&format!("average.{weight}")]).unwrap()
    );
    assert_ne!(best[weight], last[weight]);
}

#[test]
fn a_sampler_and_class_weights_together_are_pointed_out() {
    let home = tempfile::tempdir().unwrap();
    let both = ["--epochs", "1", "--set", "sampler=balanced"];
    let output = transfer(&home.path().join("both"), &both);
    assert!(
        stderr(&output).contains("count twice"),
        "{}",
        stderr(&output)
    );
    let alone = [&both[..], &["--set", "class_weights=none"]].concat();
    let output = transfer(&home.path().join("alone"), &alone);
    assert!(!stderr(&output).contains("count twice"));
}

#[test]
fn epochs_without_validation_have_empty_figures_and_the_last_is_always_validated() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    let small = ["--phase", "finetune", "--set", "train_limit=16"];
    let seldom = ["--epochs", "3", "--set", "validate_every=2"];
    let output = train(&out, &[&small[..], &SMALL, &seldom].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let mut history = csv::Reader::from_path(out.join("history.csv")).unwrap();
    let at = (history.headers().unwrap().iter()).position(|name| name == "val_accuracy");
    let validated: Vec<bool> = (history.records())
        .map(|record| !record.unwrap()[at.unwrap()].is_empty())
        .collect();
    assert_eq!(validated, [false, true, true]);
}

#[test]
fn an_event_file_for_tensorboard_has_a_record_for_each_epoch() {
    let home = tempfile::tempdir().unwrap();
    let run = home.path().join("run");
    let logger = ["--logger", "tensorboard", "--set", "epochs=2"];
    let trained = transfer(&run, &logger);
    assert!(trained.status.success(), "{}", stderr(&trained));
    let name = "events.out.tfevents.skinlesion";
    assert!(stdout(&trained).contains(name), "{}", stdout(&trained));
    let bytes = fs::read(run.join(name)).unwrap();
    let (mut records, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((length, after)) = rest.split_first_chunk() {
        let (record, after) = after[4..].split_at(u64::from_le_bytes(*length) as usize);
        records.push(String::from_utf8_lossy(record).into_owned());
        rest = &after[4..];
    }
    assert_eq!(records.len(), 3, "{records:?}");
    assert!(records[0].contains("brain.Event:2"), "{records:?}");
    for tag in ["loss/train", "loss/val", "learning_rate", "macro_f1/val"] {
        assert!(records[2].contains(tag), "{tag}: {records:?}");
    }
}

#[test]
fn flags_beat_the_file_and_the_file_beats_the_defaults() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("mine.toml");
    fs::write(&file, "epochs = 9\ndropout = 0.123\n").unwrap();
    let out = home.path().join("run");
    let output = transfer(
        &out,
        &["--config", &file.display().to_string(), "--epochs", "1"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let config = fs::read_to_string(out.join("config.toml")).unwrap();
    assert!(
        config.contains("epochs = 1\n") && config.contains("dropout = 0.123"),
        "{config}"
    );
    assert!(
        config.contains("monitor = \"balanced_accuracy\""),
        "{config}"
    );
}
