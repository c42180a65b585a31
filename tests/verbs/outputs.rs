//! What verbs leave behind when they are stopped, and when standard output cannot be written.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::{skinlesion, stderr};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}

#[test]
fn a_verb_that_is_asked_to_end_removes_what_it_began() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let home = tempfile::tempdir().unwrap();
        let mut drawing = Command::new(env!("CARGO_BIN_EXE_skinlesion"))
            .args(["demo", "--draw-only", "--lesions", "20000", "--out"])
            .arg(home.path().join("demo"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = || {
            let demo = home.path().join("demo");
            demo.exists() && names(&demo).iter().any(|name| name.contains(".writing-"))
        };
        for _ in 0..600 {
            if begun() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(begun());
        // SAFETY: sends a signal to a child of ours that has not been waited for.
        unsafe { libc::kill(drawing.id() as i32, signal) };
        assert_eq!(drawing.wait().unwrap().code(), Some(130), "{signal}");
        let left = names(&home.path().join("demo"));
        assert!(left.iter().all(|name| name == "demo.toml"), "{left:?}");
    }
}

#[test]
fn a_killed_verb_is_cleaned_up_after_by_the_next() {
    let home = tempfile::tempdir().unwrap();
    let demo = home.path().join("demo");
    fs::create_dir_all(demo.join("drawn.writing-dead00/deep")).unwrap();
    fs::create_dir_all(demo.join("mine.writing-thesis")).unwrap();
    fs::write(demo.join("demo.toml"), "").unwrap();
    fs::write(demo.join(".drawn.lock"), "").unwrap();
    fs::write(demo.join("drawn.writing-dead00/deep/1.jpg"), "").unwrap();
    let drawn = skinlesion()
        .args(["demo", "--draw-only", "--force", "--lesions", "60", "--out"])
        .arg(&demo)
        .output()
        .unwrap();
    assert!(drawn.status.success(), "{}", stderr(&drawn));
    assert_eq!(names(&demo), ["demo.toml", "drawn", "mine.writing-thesis"]);
}

#[test]
fn a_result_that_standard_output_does_not_take_is_an_error_and_a_closed_pipe_is_not() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    for arguments in [&["completions", "bash"][..], &["--help"], &["--version"]] {
        let program = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_skinlesion"));
            command.args(arguments).stderr(Stdio::piped());
            command
        };
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = program().stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = stderr(&output);
        assert!(said.contains("cannot write to standard output"), "{said}");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = program().stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(stderr(&output), "");
    }
}
