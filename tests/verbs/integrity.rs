//! Files that were changed after they were written: which verb says so.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::common::{photograph, skinlesion, stderr, stdout};
use crate::eval::Bench;

/// Turns a bit of a file, at a place given in tenths of its length.
fn turn(path: &Path, tenths: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() * tenths / 10;
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn run(bench: &Bench, arguments: &str) -> Output {
    let mut command = skinlesion();
    command.current_dir(bench.path(""));
    command.args(arguments.split(' ')).output().unwrap()
}

fn refuses(bench: &Bench, arguments: &str, words: &[&str]) {
    let output = run(bench, arguments);
    let said = stderr(&output) + &stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{arguments}: {said}");
    for word in words {
        assert!(
            said.contains(word),
            "{arguments}: '{word}' is not in: {said}"
        );
    }
}

fn succeeds(bench: &Bench, arguments: &str) -> String {
    let output = run(bench, arguments);
    assert!(output.status.success(), "{arguments}: {}", stderr(&output));
    stderr(&output) + &stdout(&output)
}

/// A bench with an evaluation `out`, an export `exported` and a photograph `a.png`.
fn bench() -> Bench {
    let bench = Bench::new();
    photograph(&bench.path("a.png"), 1);
    assert!(bench.eval("data", &[]).status.success());
    succeeds(
        &bench,
        "export --checkpoint run --out exported --format onnx,torchscript",
    );
    bench
}

/// A turned bit of `file`, which every one of `verbs` refuses by its name.
fn damaged(bench: &Bench, file: &str, tenths: usize, verbs: &[&str]) {
    let whole = fs::read(bench.path(file)).unwrap();
    turn(&bench.path(file), tenths);
    let name = file.rsplit('/').next().unwrap();
    for verb in verbs {
        refuses(bench, verb, &[name]);
    }
    fs::write(bench.path(file), whole).unwrap();
}

#[test]
fn a_turned_bit_of_any_file_is_refused_by_the_verbs_that_read_it_and_by_check() {
    let bench = bench();
    damaged(
        &bench,
        "run/best.safetensors",
        9,
        &["predict --model run a.png", "check run"],
    );
    damaged(
        &bench,
        "data/pixels.bin",
        5,
        &["eval --model run --data data --out x", "check data"],
    );
    for file in ["model.onnx", "model.json", "checkpoint.json"] {
        let file = format!("exported/{file}");
        damaged(
            &bench,
            &file,
            5,
            &["predict --model exported a.png", "check exported"],
        );
    }
    damaged(&bench, "exported/golden.json", 5, &["check exported"]);
    damaged(
        &bench,
        "out/metrics.json",
        5,
        &["compare out out", "check out"],
    );
    damaged(
        &bench,
        "out/predictions.csv",
        9,
        &["compare out out", "check out"],
    );
    damaged(&bench, "out/report.html", 5, &["check out"]);
    let said = succeeds(&bench, "check run exported out exported/model.onnx");
    assert!(said.contains("model.onnx is unchanged"), "{said}");
    assert!(!said.contains("no digest"), "{said}");
}

#[test]
fn files_without_digests_are_read_and_a_note_says_that_they_have_none() {
    let bench = bench();
    fs::remove_file(bench.path("exported/SHA256SUMS")).unwrap();
    // The digests of the networks are in model.json, too.
    let verbs = [
        "predict --model exported a.png",
        "check exported",
        "check exported/model.onnx",
    ];
    damaged(&bench, "exported/model.onnx", 5, &verbs);
    let said = succeeds(&bench, "check exported");
    assert!(
        said.contains("model.onnx is unchanged") && said.contains("no digests"),
        "{said}"
    );
    let model = fs::read_to_string(bench.path("exported/model.json")).unwrap();
    let without = model.replace("\"sha256\"", "\"sha512\"");
    fs::write(bench.path("exported/model.json"), without).unwrap();
    let said = succeeds(&bench, "predict --model exported a.png");
    assert!(said.contains("model.onnx carries no digest"), "{said}");
    assert!(succeeds(&bench, "check exported").contains("no digests"));
    let said = succeeds(&bench, "predict --model run a.png");
    assert!(!said.contains("no digest"), "{said}");
    // What another export says of its lesions does not count as none.
    fs::write(bench.path("exported/checkpoint.json"), "{").unwrap();
    refuses(
        &bench,
        "predict --model exported a.png",
        &["checkpoint.json"],
    );
}

#[test]
fn what_check_finds_is_printed_even_if_it_is_quiet() {
    let bench = bench();
    assert_eq!(succeeds(&bench, "check --quiet run exported"), "");
    turn(&bench.path("exported/golden.json"), 5);
    refuses(&bench, "check --quiet run exported", &["golden.json"]);
}

#[test]
fn code_in_a_network_runs_only_if_it_is_trusted() {
    let bench = bench();
    let verb = "predict --model exported/model.pt a.png";
    refuses(
        &bench,
        verb,
        &["model.pt: a TorchScript file contains code", "--trust"],
    );
    succeeds(&bench, &format!("{verb} --trust"));
    refuses(
        &bench,
        "eval --model exported/model.pt --data data --out x",
        &["--trust"],
    );
    refuses(
        &bench,
        "check --data data --against exported/model.pt",
        &["--trust"],
    );
    refuses(&bench, "benchmark exported/model.pt", &["--trust"]);
    let said = succeeds(&bench, "benchmark exported --seconds 0");
    assert!(
        said.contains("left out without --trust: model.pt"),
        "{said}"
    );
    let card = fs::read_to_string(bench.path("exported/MODEL_CARD.md")).unwrap();
    assert!(card.contains("`model.pt` contains code"));
    assert!(card.contains("--model model.onnx"));
}
