//! A run that was stopped goes on exactly.

use std::env;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use skinlesion::dataset::Dataset;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::state_dict::read_safetensors;
use skinlesion::progress::Silent;
use skinlesion::training::Phase;
use skinlesion::training::checkpointing::folder::RunFolder;
use skinlesion::training::config::resolve;
use skinlesion::training::fit::fit;
use skinlesion::training::initial_model::{InitialWeights, start};
use skinlesion::training::run::TrainingRun;

use super::{data, train, transfer, values};
use crate::common::{skinlesion, stderr};

/// Runs the calling test alone in a process of its own, because libtorch's random numbers are the process's. Returns
/// whether this is that process.
fn in_own_process() -> bool {
    const ALONE: &str = "SKINLESION_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let thread = std::thread::current();
    let test = thread.name().unwrap();
    if test == "main" {
        return true; // tests run one after another
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    let output = command.env(ALONE, "1").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", stderr(&output));
    assert!(printed.contains("1 passed"), "{printed}");
    false
}

/// Fine-tunes for two steps an epoch with these settings, once without a stop and once with one after every step. Both
/// must end with the same state, weights and history.
fn resumes_exactly(settings: &[&str]) {
    if !in_own_process() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let dataset = Dataset::open(data()).unwrap();
    let small = [
        "width=0.35",
        "batch_size=48",
        "train_limit=60",
        "early_stopping_patience=0",
    ];
    let settings: Vec<String> = small
        .iter()
        .chain(settings)
        .map(|&one| one.to_owned())
        .collect();
    let config = resolve::resolve(Phase::Finetune, None, &settings).unwrap();
    let go = |name: &str, stop: bool| {
        let out = home.path().join(name);
        let run_folder = RunFolder::create(&out, false).unwrap();
        run_folder.write_config(&config).unwrap();
        let mut resume = false;
        for _ in 0..20 {
            let origin = InitialWeights::Weights("none".parse().unwrap());
            let start = start(&origin, &dataset, &config, tch::Device::Cpu, &Silent).unwrap();
            let stop = AtomicBool::new(stop);
            let here = TrainingRun {
                dataset: &dataset,
                config: &config,
                folder: &run_folder,
                resume,
                event_file: false,
                extended: false,
                stop: &stop,
            };
            let ended = fit(&here, start, &Silent).unwrap();
            if !ended.interrupted {
                let history = ended.history.iter();
                return (
                    values(&read_safetensors(&out.join("last.safetensors")).unwrap().0),
                    values(&Checkpoint::read(&out).unwrap().tensors),
                    history
                        .map(|epoch| (epoch.train_loss, epoch.val_loss))
                        .collect::<Vec<_>>(),
                );
            }
            resume = true;
        }
        panic!("the run never ended");
    };
    let (stopped, whole) = (go("stopped", true), go("whole", false));
    assert_eq!(stopped.2, whole.2, "the history");
    for (name, stopped, whole) in [("last", stopped.0, whole.0), ("best", stopped.1, whole.1)] {
        for (one, other) in stopped.into_iter().zip(whole) {
            assert_eq!(one, other, "{name}");
        }
    }
}

#[test]
fn with_an_average_mixup_a_sampler_and_weights_that_come_late() {
    resumes_exactly(&[
        "epochs=2",
        "schedule=cosine",
        "ema_decay=0.9",
        "mixup=0.4",
        "sampler=sqrt",
        "reweighting_start=0.2",
        "reweighting_end=0.8",
        "clip_grad_norm=1",
        "mask_unlabelled=true",
    ]);
}

#[test]
fn with_two_teachers_of_which_some_images_are_unseen() {
    if !in_own_process() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let teachers = [("first", "20"), ("second", "40")].map(|(name, images)| {
        let out = home.path().join(name);
        let limit = format!("train_limit={images}");
        let output = transfer(&out, &["--epochs", "1", "--seed", images, "--set", &limit]);
        assert!(output.status.success(), "{}", stderr(&output));
        out
    });
    resumes_exactly(&["epochs=2", "mixup=0.4", &format!("teachers={teachers:?}")]);
}

#[test]
fn with_a_plateau_that_is_validated_every_other_epoch() {
    resumes_exactly(&[
        "epochs=5",
        "schedule=plateau",
        "plateau_patience=2",
        "monitor=accuracy",
        "validate_every=2",
    ]);
}

#[test]
fn a_run_that_stopped_early_and_is_given_more_epochs_has_its_whole_patience_again() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    // It learns nothing, so no epoch is better than the first.
    let still = [
        "schedule=constant",
        "learning_rate=1e-12",
        "monitor=accuracy",
        "early_stopping_patience=2",
    ];
    let still = still.iter().flat_map(|setting| ["--set", *setting]);
    let still: Vec<&str> = still.chain(["--epochs", "9"]).collect();
    let output = transfer(&out, &still);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = || {
        let history = std::fs::read_to_string(out.join("history.csv")).unwrap();
        history.lines().count() - 1
    };
    assert_eq!(rows(), 3);
    let output = train(&out, &["--resume", "--epochs", "20"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(rows(), 5);
    let said = stderr(&output);
    assert!(!said.contains("differs from the settings"), "{said}");
}

#[test]
fn a_run_whose_dataset_is_elsewhere_asks_for_it() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("run");
    assert!(transfer(&out, &["--epochs", "1"]).status.success());
    for (text, problem) in [("", "it is empty"), ("/nowhere\n", "it names /nowhere")] {
        std::fs::write(out.join("dataset.txt"), text).unwrap();
        let mut command = skinlesion();
        command.args(["train", "--resume", "--out"]).arg(&out);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        let named = format!("dataset.txt: {problem}");
        assert!(said.contains(&named) && said.contains("--data"), "{said}");
    }
}
