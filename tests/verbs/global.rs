//! The flags of all commands, and the released network by its name.

use crate::common::{photograph, skinlesion, stderr, stdout};

#[test]
fn more_threads_than_cores_are_capped_with_a_warning() {
    let output = skinlesion()
        .args(["--threads", "9999", "completions", "bash"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let warning = stderr(&output);
    assert!(
        warning.contains("--threads 9999") && warning.contains("cores"),
        "{warning}"
    );
    let output = skinlesion()
        .args(["--threads", "1", "completions", "bash"])
        .output()
        .unwrap();
    assert_eq!(stderr(&output), "");
}

#[test]
fn colours_are_as_asked_and_off_without_a_terminal() {
    for (flags, coloured) in [
        (&["--color", "always"][..], true),
        (&["--color=never"], false),
        (&[], false),
    ] {
        // A failure of the command, and wrong usage, whose message is clap's.
        for wrong in [&["info", "gone"][..], &["info", "--nonsense"]] {
            let output = skinlesion().args(flags).args(wrong).output().unwrap();
            let error = stderr(&output);
            assert_eq!(error.contains("\x1b["), coloured, "{flags:?}: {error}");
        }
    }
}

#[test]
fn the_released_network_has_a_name_wherever_the_program_runs() {
    let home = tempfile::tempdir().unwrap();
    photograph(&home.path().join("photograph.png"), 1);
    let mut command = skinlesion();
    command
        .current_dir(home.path())
        .env("SKINLESION_CACHE", home.path().join("cache"));
    let output = command
        .args(["predict", "--model", "released", "photograph.png"])
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("photograph.png"));
}

#[test]
fn a_cache_folder_that_cannot_be_written_is_named() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let mut command = skinlesion();
    command
        .current_dir(home.path())
        .env("SKINLESION_CACHE", &file);
    let output = command.args(["info", "released"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("SKINLESION_CACHE"),
        "{}",
        stderr(&output)
    );
}
