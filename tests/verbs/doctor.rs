//! `skinlesion doctor`.

use std::path::Path;

use serde_json::Value;

use crate::common::{shared, skinlesion, stderr, stdout};

/// Runs it with an empty cache, in a folder of its own, and reads what a script would.
fn checks(arguments: &[&str], cache: &Path) -> Value {
    let output = skinlesion()
        .current_dir(cache)
        .env("SKINLESION_CACHE", cache)
        .env_remove("SKINLESION_WEIGHTS_URL")
        .env_remove("SKINLESION_WEIGHTS_SHA256")
        .args(["--json", "doctor"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["healthy"], true);
    report["checks"].clone()
}

fn words(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_machine_without_weights_and_data_is_told_how_to_get_them() {
    let cache = tempfile::tempdir().unwrap();
    let checks = checks(&[], cache.path());
    assert_eq!(checks["libtorch"]["detail"], "2.11.0");
    assert_eq!(checks["arithmetic"]["state"], "ok");
    for name in ["cuda", "mps", "threads", "bf16", "device"] {
        assert_ne!(words(&checks[name]["detail"]), "", "{name}");
    }
    assert_eq!(checks["weights"]["state"], "missing");
    let place = cache.path().join("weights/mobilenet_v2-b0353104.pth");
    assert!(words(&checks["weights"]["detail"]).contains(place.to_str().unwrap()));
    assert!(words(&checks["weights"]["remedy"]).contains("https://download.pytorch.org/"));
    assert_eq!(checks["data"]["state"], "missing");
    for source in [
        "kmader/skin-cancer-mnist-ham10000",
        "DBW86T",
        "ISIC",
        "CC BY-NC 4.0",
    ] {
        assert!(
            words(&checks["data"]["remedy"]).contains(source),
            "{source}"
        );
    }
    assert!(!cache.path().join("weights").exists());
}

#[test]
fn a_person_reads_a_table_with_remedies() {
    let cache = tempfile::tempdir().unwrap();
    let output = skinlesion()
        .current_dir(cache.path())
        .env("SKINLESION_CACHE", cache.path())
        .arg("doctor")
        .output()
        .unwrap();
    let text = stdout(&output);
    assert!(text.contains("\nok       libtorch     2.11.0\n"), "{text}");
    assert!(
        text.contains("\nmissing  data         data/ham10000 is not there\n"),
        "{text}"
    );
    assert!(
        text.contains("\n                      → Get HAM10000"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() < 140),
        "{text}"
    );
}

#[test]
fn what_is_there_but_wrong_is_said_with_the_reason() {
    let cache = tempfile::tempdir().unwrap();
    let kept = cache.path().join("weights/mobilenet_v2-b0353104.pth");
    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    std::fs::write(kept, "<html>").unwrap();
    let checks = checks(&["--data", ".", "--device", "cuda:99"], cache.path());
    assert_eq!(checks["weights"]["state"], "missing");
    assert!(words(&checks["weights"]["detail"]).contains("not a readable"));
    assert!(words(&checks["data"]["detail"]).contains("dataset.json: not found"));
    assert_eq!(checks["device"]["state"], "missing");
    assert_eq!(checks["arithmetic"]["state"], "ok");
}

#[test]
fn real_weights_are_found_to_fit() {
    let Some(file) = shared("weights/mobilenet_v2_imagenet.safetensors") else {
        return;
    };
    let cache = tempfile::tempdir().unwrap();
    let checks = checks(&["--weights", file.to_str().unwrap()], cache.path());
    assert_eq!(checks["weights"]["state"], "ok");
    let detail = words(&checks["weights"]["detail"]);
    assert!(
        detail.contains("260 tensors used; the 1000-class head"),
        "{detail}"
    );
}
