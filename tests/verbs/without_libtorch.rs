//! The program without libtorch runs exported ONNX files, and says what it lacks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use skinlesion::progress::Silent;
use skinlesion::synthetic;

use crate::common::{page, photograph, skinlesion, stderr, stdout};

fn released() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("exports/released")
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = skinlesion();
    command.current_dir(home).args(arguments);
    command.output().unwrap()
}

#[test]
fn drawn_lesions_are_prepared_and_the_released_network_is_evaluated_on_them_and_compared() {
    let home = tempfile::tempdir().unwrap();
    let options = synthetic::Options {
        lesions: synthetic::FEWEST_LESIONS,
        ..synthetic::Options::default()
    };
    synthetic::draw(&home.path().join("drawn"), &options, &Silent).unwrap();
    let metadata = Path::new("drawn").join(synthetic::METADATA);
    let released = released();
    let model = std::fs::read(released.join("model.json")).unwrap();
    let model: Value = serde_json::from_slice(&model).unwrap();
    let size = model["resize"]["size"].to_string();
    let (metadata, released) = (metadata.to_str().unwrap(), released.to_str().unwrap());
    for arguments in [
        &[
            "prepare",
            "--metadata",
            metadata,
            "--images",
            "drawn",
            "--out",
            "data",
            "--size",
            &size,
            "--as",
            "test",
        ][..],
        &["check", "--data", "data"],
        &["eval", "--model", released, "--data", "data", "--out", "a"],
        &[
            "eval", "--model", released, "--data", "data", "--out", "b", "--tta",
        ],
        &["compare", "a", "b"],
    ] {
        let output = run(home.path(), arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    let metrics = std::fs::read(home.path().join("a/metrics.json")).unwrap();
    let metrics: Value = serde_json::from_slice(&metrics).unwrap();
    assert!(metrics["n"].as_u64().unwrap() > 30);
    assert!(home.path().join("a/report.html").is_file());
}

#[test]
fn the_verbs_that_need_libtorch_say_so_and_how_to_get_it() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        &[
            "train", "--phase", "transfer", "--data", "data", "--out", "run",
        ][..],
        &[
            "calibrate",
            "--checkpoint",
            "run",
            "--data",
            "data",
            "--out",
            "calibrated",
        ],
        &["average", "a", "b", "--out", "c"],
        &["export", "--checkpoint", "run", "--out", "exported"],
        &["config", "--phase", "finetune"],
        &["demo"],
    ] {
        let output = run(home.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let error = stderr(&output);
        assert!(error.contains("needs libtorch"), "{error}");
        assert!(error.contains("make build"), "{error}");
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn files_that_need_libtorch_are_refused_by_name_and_other_devices_too() {
    let home = tempfile::tempdir().unwrap();
    photograph(&home.path().join("photograph.png"), 1);
    for name in ["best.safetensors", "model.pt", "model.tflite"] {
        std::fs::write(home.path().join(name), "").unwrap();
        let output = run(home.path(), &["predict", "--model", name, "photograph.png"]);
        assert_eq!(output.status.code(), Some(1));
        let error = stderr(&output);
        assert!(
            error.contains(name) && error.contains("only ONNX files"),
            "{error}"
        );
    }
    let output = run(
        home.path(),
        &["predict", "--model", "gone.safetensors", "photograph.png"],
    );
    assert!(
        stderr(&output).contains("cannot read gone.safetensors"),
        "{}",
        stderr(&output)
    );
    let released = released();
    let on_gpu = [
        "--device",
        "cuda",
        "predict",
        "--model",
        released.to_str().unwrap(),
        "photograph.png",
    ];
    let output = run(home.path(), &on_gpu);
    assert!(
        stderr(&output).contains("--device cuda"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn doctor_says_that_libtorch_is_not_in_this_build() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), &["--json", "doctor"]);
    let summary: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(summary["checks"]["libtorch"]["state"], "none", "{summary}");
    assert_eq!(summary["healthy"], true, "{summary}");
}

#[test]
fn the_released_network_is_served() {
    if page().is_none() {
        return;
    }
    let mut server = Command::new(env!("CARGO_BIN_EXE_skinlesion"))
        .args(["--json", "serve", "--port", "0"])
        .arg(released())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let summary: Value = serde_json::from_str(&line).unwrap();
    let url = summary["url"].as_str().unwrap();
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    stream
        .write_all(
            b"GET /model/model.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
