//! `skinlesion benchmark`.

use std::path::Path;

use serde_json::Value;

use crate::common::{skinlesion, stderr, stdout};
#[cfg(feature = "torch")]
use crate::networks::random_checkpoint;

fn rows(home: &Path, arguments: &[&str]) -> Vec<Value> {
    let mut command = skinlesion();
    command
        .current_dir(home)
        .env("SKINLESION_CACHE", home.join("cache"));
    command.args(["--json", "--threads", "1", "benchmark", "--seconds", "0"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let all: Value = serde_json::from_str(&stdout(&output)).unwrap();
    all["networks"].as_array().unwrap().clone()
}

#[test]
fn every_network_of_an_export_is_timed_at_every_batch_size() {
    let home = tempfile::tempdir().unwrap();
    let rows = rows(home.path(), &["released", "--batch-size", "1,2"]);
    let files: Vec<(&str, u64)> = (rows.iter())
        .map(|row| {
            (
                row["file"].as_str().unwrap(),
                row["batch"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        files,
        [
            ("model.onnx", 1),
            ("model.onnx", 2),
            ("model-fp16.onnx", 1),
            ("model-fp16.onnx", 2)
        ]
    );
    for row in &rows {
        let (median, rate) = (&row["median_ms"], &row["images_per_second"]);
        let (median, rate) = (median.as_f64().unwrap(), rate.as_f64().unwrap());
        let batch = row["batch"].as_f64().unwrap();
        assert!((rate * median / 1e3 - batch).abs() < 1e-9 && median > 0.0);
        assert_eq!(
            (&row["threads"], &row["engine"]),
            (&1.into(), &"rten".into())
        );
    }
}

#[cfg(feature = "torch")]
#[test]
fn a_checkpoint_is_timed_too() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let rows = rows(home.path(), &["checkpoint"]);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["file"], "best.safetensors");
    assert_eq!(rows[0]["engine"], "libtorch");
}
