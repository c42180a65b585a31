//! The command that each verb names last works when it is pasted into a shell.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::{stderr, stdout};
use crate::serve::client::{Served, page};

/// Runs a line in a shell that finds the program.
fn paste(home: &Path, line: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_skinlesion"));
    let mut folders = vec![program.parent().unwrap().to_owned()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut shell = Command::new("sh");
    shell.current_dir(home).args(["-c", line]);
    shell.env("PATH", std::env::join_paths(folders).unwrap());
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{line}\n{}", stderr(&output));
    output
}

/// The command that a summary names last.
fn next(output: &Output) -> String {
    let printed = stdout(output);
    let (_, next) = printed.rsplit_once("\nNext:\n").expect("a next command");
    next.trim().to_owned()
}

#[test]
fn each_command_names_the_next_one_from_drawn_pictures_to_the_page() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().join("it's a folder");
    fs::create_dir(&home).unwrap();
    let small = "--epochs 1 --set width=0.35";
    let sizes = "--set first_size=32 --set last_size=32";
    let mut output = paste(
        &home,
        "skinlesion demo --draw-only --lesions 84 --out 'my demo'",
    );
    for (verb, flags) in [
        ("prepare", "--size 32".to_owned()),
        ("train --phase transfer", format!("--weights none {small}")),
        ("train --phase finetune", format!("{small} {sizes}")),
        ("calibrate", String::new()),
        ("eval", String::new()),
        ("export", "--format onnx".to_owned()),
    ] {
        let line = next(&output);
        assert!(line.starts_with(&format!("skinlesion {verb} ")), "{line}");
        output = paste(&home, &format!("{line} {flags}"));
    }
    assert_eq!(next(&output), "skinlesion serve exports/drawn");
    // The program may have been built without the page.
    Served::start(&home.join("exports/drawn"), &["--page", &page(&home)]);

    let mean = "skinlesion average checkpoints/drawn-finetuned checkpoints/drawn-finetuned --out 'a mean.safetensors'";
    let output = paste(&home, mean);
    assert_eq!(next(&output), "skinlesion info 'a mean.safetensors'");
    paste(&home, &next(&output));
    let others = "skinlesion prepare --metadata 'my demo/drawn/HAM10000_metadata.csv' --images 'my demo/drawn' \
                  --size 32 --as test --out others";
    let output = paste(&home, others);
    assert_eq!(next(&output), "skinlesion check others");
    paste(&home, &next(&output));
}
