//! `skinlesion average`.

use std::path::PathBuf;
use std::process::Output;

use skinlesion::model::architecture::Architecture;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::checkpoint_metadata::CheckpointMetadata;
use skinlesion::model::seen::id_hash;
use tch::Tensor;

use crate::common::{skinlesion, stderr};
use crate::networks;

struct Home(tempfile::TempDir);

impl Home {
    /// Checkpoints `a` and `b` of the same shape; all weights of `b` are greater by one.
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        networks::write_checkpoint(&home.path("a"), networks::metadata());
        let mut b = Checkpoint::read(&home.path("a")).unwrap();
        b.tensors = b
            .tensors
            .into_iter()
            .map(|(name, tensor)| (name, tensor + 1.0))
            .collect();
        b.metadata.seen.training_lesions = vec![id_hash("another")];
        b.metadata.temperature = Some(2.0);
        b.write(&home.path("b.safetensors")).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn average(&self, arguments: &[&str]) -> Output {
        let mut command = skinlesion();
        command.current_dir(self.0.path()).arg("average");
        command.args(arguments).output().unwrap()
    }

    /// By how much a tensor of a checkpoint exceeds that of `a`.
    fn excess(&self, name: &str) -> f64 {
        let tensor = |file: &str| -> Tensor {
            let read = Checkpoint::read(&self.path(file)).unwrap();
            read.tensors["classifier.1.weight"].shallow_clone()
        };
        (tensor(name) - tensor("a"))
            .mean(tch::Kind::Double)
            .double_value(&[])
    }
}

#[test]
fn weights_are_averaged_by_their_shares() {
    let home = Home::new();
    let output = home.average(&["a", "b.safetensors", "--out", "even.safetensors"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!((home.excess("even.safetensors") - 0.5).abs() < 1e-6);
    let output = home.average(&[
        "a",
        "b.safetensors",
        "--weights",
        "1,3",
        "--out",
        "uneven.safetensors",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!((home.excess("uneven.safetensors") - 0.75).abs() < 1e-6);
    let huge = ["--weights", "1e308,1e308", "--out", "huge.safetensors"];
    let output = home.average(&[&["a", "b.safetensors"][..], &huge].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!((home.excess("huge.safetensors") - 0.5).abs() < 1e-6);
}

#[test]
fn members_that_began_with_different_weights_are_pointed_out() {
    let home = Home::new();
    let output = home.average(&["a", "b.safetensors", "--out", "mean.safetensors"]);
    assert!(
        !stderr(&output).contains("different weights"),
        "{}",
        stderr(&output)
    );
    let other = CheckpointMetadata {
        initial_weights: "random weights, seed 7".into(),
        ..networks::metadata()
    };
    networks::write_checkpoint(&home.path("other"), other);
    let output = home.average(&["a", "other", "--out", "soup.safetensors"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("a and other began with different weights"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_mean_knows_every_lesion_that_its_members_learnt_from_and_claims_no_figures() {
    let home = Home::new();
    assert!(
        home.average(&["a", "b.safetensors", "--out", "mean.safetensors"])
            .status
            .success()
    );
    let metadata: CheckpointMetadata = Checkpoint::read(&home.path("mean.safetensors"))
        .unwrap()
        .metadata;
    let mut expected = vec![id_hash("HAM_0000001"), id_hash("another")];
    expected.sort();
    assert_eq!(metadata.seen.training_lesions, expected);
    assert!(metadata.validation.is_empty() && metadata.temperature.is_none());
    assert!(
        metadata
            .initial_weights
            .starts_with("the mean of a (0.500) and b.safetensors (0.500)")
    );
}

#[test]
fn refuses_what_has_no_mean_and_what_is_in_the_way() {
    let home = Home::new();
    let wide = CheckpointMetadata {
        architecture: Architecture {
            width: 0.5,
            ..networks::metadata().architecture
        },
        ..networks::metadata()
    };
    networks::write_checkpoint(&home.path("wide"), wide);
    for (arguments, code, problem) in [
        (&["a", "wide", "--out", "mean"][..], 1, "its width is 0.5"),
        (
            &["a", "b.safetensors", "--weights", "1", "--out", "mean"],
            1,
            "1 of them for 2 checkpoints",
        ),
        (
            &["a", "b.safetensors", "--weights", "1,0", "--out", "mean"],
            2,
            "not a number above 0",
        ),
        (&["a", "--out", "mean"], 2, "2 values required"),
        (&["a", "a", "--out", "b.safetensors"], 1, "--force"),
    ] {
        let output = home.average(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(stderr(&output).contains(problem), "{}", stderr(&output));
        assert!(!home.path("mean").exists());
    }
}

#[test]
fn inputs_and_files_of_a_run_are_not_replaced_even_by_force() {
    let home = Home::new();
    std::fs::create_dir(home.path("run")).unwrap();
    std::fs::copy(
        home.path("b.safetensors"),
        home.path("run/last.safetensors"),
    )
    .unwrap();
    std::fs::write(home.path("run/config.toml"), "").unwrap();
    for (out, reason) in [
        ("b.safetensors", "this file is an input"),
        ("run/last.safetensors", "of another kind"),
    ] {
        let before = std::fs::read(home.path(out)).unwrap();
        let output = home.average(&["a", "b.safetensors", "--out", out, "--force"]);
        assert!(
            stderr(&output).contains(reason),
            "{out}: {}",
            stderr(&output)
        );
        assert_eq!(std::fs::read(home.path(out)).unwrap(), before);
    }
    for _ in 0..2 {
        let output = home.average(&["a", "b.safetensors", "--out", "mean.safetensors", "--force"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
}
