//! Distillation: what a teacher changes, and which lesions it may have seen.

use super::*;

#[test]
fn a_teacher_changes_what_is_learnt_and_is_refused_if_it_has_seen_the_validation_part_or_other_colours()
 {
    let home = tempfile::tempdir().unwrap();
    let first = home.path().join("first");
    assert!(transfer(&first, &["--epochs", "2"]).status.success());
    let teacher = first.display().to_string();
    let best = |name: &str, more: &[&str]| {
        let out = home.path().join(name);
        let output = finetune(&out, &first, more);
        assert!(output.status.success(), "{}", stderr(&output));
        values(&Checkpoint::read(&out).unwrap().tensors)
    };
    let taught = best("taught", &["--teacher", &teacher]);
    assert_ne!(taught, best("alone", &[]));

    // The same lesions in other parts, or in other colours.
    for (name, how, reason) in [
        ("other", ["--seed", "5"], "it has seen"),
        ("grey", ["--colour", "shades-of-grey"], "--colour"),
    ] {
        let other = home.path().join(name);
        skinlesion()
            .args(["prepare", "--size", "32", "--quiet", "--metadata"])
            .arg(DATA.0.path().join("drawn/HAM10000_metadata.csv"))
            .arg("--images")
            .arg(DATA.0.path().join("drawn"))
            .args(how)
            .arg("--out")
            .arg(&other)
            .assert()
            .success();
        let refused = home.path().join("refused");
        let output = skinlesion()
            .args(["train", "--phase", "finetune", "--weights", "none"])
            .args(["--set", "width=0.35", "--teacher", &teacher, "--data"])
            .arg(&other)
            .arg("--out")
            .arg(&refused)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
        assert!(!refused.exists());
    }
}

#[test]
fn images_whose_lesions_a_teacher_has_not_seen_are_answered_out_of_fold() {
    let home = tempfile::tempdir().unwrap();
    let mut teachers = Vec::new();
    for (name, seed) in [("first", "1"), ("second", "2")] {
        let out = home.path().join(name);
        let some = ["--epochs", "1", "--seed", seed, "--set", "train_limit=20"];
        assert!(transfer(&out, &some).status.success());
        teachers.extend(["--teacher".to_owned(), out.display().to_string()]);
    }
    let teachers: Vec<&str> = teachers.iter().map(String::as_str).collect();
    let taught = |name: &str, teachers: &[&str]| {
        let out = home.path().join(name);
        let output = finetune(&out, &home.path().join("first"), teachers);
        assert!(output.status.success(), "{}", stderr(&output));
        (
            stderr(&output) + &stdout(&output),
            values(&Checkpoint::read(&out).unwrap().tensors),
        )
    };
    let ((both, of_both), (one, of_one)) =
        (taught("both", &teachers), taught("one", &teachers[..2]));
    let words = "training images are answered out of fold";
    assert!(both.contains(words) && one.contains(words), "{both} {one}");
    assert_ne!(of_both, of_one);
    assert!(!taught("none", &[]).0.contains(words));
}

#[test]
fn a_run_with_a_teacher_named_from_its_folder_is_resumed_from_another() {
    let home = tempfile::tempdir().unwrap();
    assert!(
        transfer(&home.path().join("first"), &["--epochs", "1"])
            .status
            .success()
    );
    let train = ["train", "--phase", "finetune", "--epochs", "1"];
    skinlesion()
        .current_dir(home.path())
        .args(train)
        .args(["--teacher", "first", "--out", "run", "--data"])
        .arg(data())
        .args(SMALL)
        .assert()
        .success();
    skinlesion()
        .args(["train", "--resume", "--out"])
        .arg(home.path().join("run"))
        .assert()
        .success();
}
