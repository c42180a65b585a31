//! `skinlesion man`.

use std::fs;

use crate::common::{skinlesion, stderr};

#[test]
fn the_program_and_each_verb_get_a_page() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("man1");
    let write = || {
        let mut command = skinlesion();
        command.arg("man").arg("--out").arg(&folder);
        command
    };
    write().assert().success();
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.contains(&"skinlesion.1".to_owned()), "{names:?}");
    for verb in [
        "prepare", "train", "eval", "export", "predict", "demo", "doctor", "man",
    ] {
        assert!(names.contains(&format!("skinlesion-{verb}.1")), "{verb}");
    }
    for name in &names {
        let page = fs::read_to_string(folder.join(name)).unwrap();
        for section in ["NAME", "SYNOPSIS", "OPTIONS"] {
            assert!(
                page.contains(&format!(".SH {section}")),
                "{section} in {name}"
            );
        }
    }

    fs::write(folder.join("skinlesion-eval.1"), "mine").unwrap();
    let output = write().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("already exists"));
    assert_eq!(
        fs::read_to_string(folder.join("skinlesion-eval.1")).unwrap(),
        "mine"
    );
    // Nor by --force, which replaces manual pages only.
    let output = write().arg("--force").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("is not a manual page"));
    fs::remove_file(folder.join("skinlesion-eval.1")).unwrap();
    write().arg("--force").assert().success();
}

/// A limit on the size of files is an error like a full disk, and no signal that kills the program.
#[cfg(unix)]
#[test]
fn a_file_above_the_limit_of_the_shell_is_an_error_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let script = "ulimit -f 1; exec \"$0\" man --out \"$1\"";
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_skinlesion")])
        .arg(home.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("cannot write"),
        "{}",
        stderr(&output)
    );
    let names = fs::read_dir(home.path()).unwrap();
    for name in names.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        assert!(name.starts_with("skinlesion"), "{name}");
    }
}
