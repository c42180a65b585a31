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
    write().arg("--force").assert().success();
}
