//! `skinlesion completions`.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::{skinlesion, stdout};

fn script(shell: &str) -> String {
    let output = skinlesion().args(["completions", shell]).output().unwrap();
    assert!(output.status.success());
    stdout(&output)
}

#[test]
fn every_shells_script_knows_the_verbs() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = script(shell);
        for word in ["skinlesion", "prepare", "doctor", "device"] {
            assert!(script.contains(word), "{word} in {shell}");
        }
    }
}

#[test]
fn bash_can_parse_its_script() {
    let Ok(mut bash) = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn() else {
        eprintln!("\n*** SKIPPED: there is no bash here ***\n");
        return;
    };
    let mut input = bash.stdin.take().unwrap();
    input.write_all(script("bash").as_bytes()).unwrap();
    drop(input);
    assert!(bash.wait().unwrap().success());
}

#[test]
fn an_unknown_shell_is_wrong_usage() {
    let output = skinlesion().args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
