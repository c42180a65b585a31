//! The page that `skinlesion eval` writes, as text and in a browser.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use skinlesion::DISCLAIMER;
use skinlesion::classes::ham10000;
use skinlesion::dataset::Split;
use skinlesion::metrics::Predictions;
use skinlesion::metrics::operating_points::{OperatingPoint, Target};

use crate::common::{chromium, ham, stderr};
use crate::eval::{Bench, row, write_dataset};
use crate::networks::SIZE as SIDE;

/// A test part of 70 images, of which a column tells two groups, beside a validation part.
fn rich(bench: &Bench) {
    let mut rows = Vec::new();
    for (number, dx) in ham10000().iter().cycle().take(140).enumerate() {
        let split = [Split::Val, Split::Test][number / 70];
        let mut row = row(&format!("R_{number}"), &format!("L_{number}"), dx, split);
        row.sample.sex = ["female", "male"][number / 7 % 2].into();
        row.sample.age = format!("{}.0", 30 + number % 2 * 30);
        rows.push(row);
    }
    write_dataset(&bench.path("rich"), &rows, SIDE);
}

#[test]
fn thresholds_come_from_validation_and_are_judged_on_test() {
    let bench = Bench::new();
    rich(&bench);
    let output = bench.eval("rich", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let points: Vec<OperatingPoint> =
        serde_json::from_value(bench.metrics()["operating_points"].clone()).unwrap();
    assert_eq!(points.len(), 6);
    let tested = Predictions::read(&bench.path("out/predictions.csv")).unwrap();

    let output = bench.eval("rich", &["--split", "val", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let validated = Predictions::read(&bench.path("out/predictions.csv")).unwrap();
    for point in points {
        let chosen = point.target.of(&validated);
        let threshold = chosen.threshold_for_sensitivity(point.wanted_sensitivity);
        assert!((threshold.unwrap() - point.threshold).abs() < 1e-12);
        let counts = point.target.of(&tested).at(point.threshold);
        assert_eq!(counts, point.scored.counts);
    }
    // Validation cannot choose a threshold and judge it too.
    assert_eq!(bench.metrics()["operating_points"], serde_json::json!([]));
}

#[test]
fn no_threshold_is_chosen_on_lesions_that_were_trained_on() {
    let bench = Bench::new();
    let rows = [
        row("A", "HAM_3", ham("mel"), Split::Val),
        row("B", "X_1", ham("mel"), Split::Test),
        row("C", "X_2", ham("nv"), Split::Test),
    ];
    write_dataset(&bench.path("half"), &rows, SIDE);
    let output = bench.eval("half", &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(bench.metrics()["operating_points"], serde_json::json!([]));
    let page = fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("a threshold must be selected on other images"));
}

#[test]
fn metrics_hold_every_analysis_beside_the_figures() {
    let bench = Bench::new();
    rich(&bench);
    assert!(bench.eval("rich", &[]).status.success());
    let metrics = bench.metrics();
    assert_eq!(
        metrics["isic"]["balanced_accuracy"],
        metrics["balanced_accuracy"]
    );
    let groups = metrics["subgroups"].as_array().unwrap();
    let named: Vec<String> = (groups.iter())
        .map(|group| {
            format!(
                "{} {}",
                group["by"].as_str().unwrap(),
                group["value"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(named, ["sex female", "sex male", "age 30–39", "age 60–69"]);
    let images: u64 = groups[..2]
        .iter()
        .map(|group| group["n"].as_u64().unwrap())
        .sum();
    assert_eq!(images, 70);
    let accuracy = &groups[0]["figures"]["accuracy"];
    assert!(accuracy["value"].is_number() && accuracy["gap_interval"][1].is_number());
    let all = metrics["coverages"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(all["accuracy"], metrics["accuracy"]);
    assert_eq!(
        metrics["decision_curves"].as_array().unwrap().len(),
        Target::all(ham10000()).len()
    );
    let wrong: u64 = (metrics["confused"].as_array().unwrap().iter())
        .map(|pair| pair["images"].as_u64().unwrap())
        .sum();
    let right = (metrics["accuracy"].as_f64().unwrap() * 70.0).round() as u64;
    assert_eq!(wrong + right, 70);
}

#[test]
fn photographs_are_in_the_page_only_when_asked_for() {
    let bench = Bench::new();
    assert!(bench.eval("data", &[]).status.success());
    let page = fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(!page.contains("<img") && page.contains("--with-images"));
    assert!(page.contains(DISCLAIMER) && page.contains("no label of skin tone"));
    // Nothing on its maker's disk is named.
    assert!(!page.contains(bench.path("").to_str().unwrap()));

    let output = bench.eval("data", &["--with-images", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = fs::read_to_string(bench.path("out/report.html")).unwrap();
    assert!(page.contains("data:image/png;base64,") && page.contains("CC BY-NC"));
    assert!(page.contains("Grad-CAM"));
}

#[test]
fn the_page_works_in_a_browser_by_day_and_night_on_a_phone_and_a_desk() {
    let Some(chromium) = chromium() else { return };
    let bench = Bench::new();
    rich(&bench);
    let output = bench.eval("rich", &["--with-images"]);
    assert!(output.status.success(), "{}", stderr(&output));
    for view in open(&chromium, &bench.path("out/report.html")) {
        let name = format!("{} {}", view["name"], view["colorScheme"]);
        for nothing in ["faults", "requests"] {
            assert_eq!(view[nothing], serde_json::json!([]), "{name}");
        }
        for none in ["emptyPlots", "deadLinks", "brokenImages"] {
            assert_eq!(view[none], 0, "{name}: {none}");
        }
        assert!(
            view["overflow"].as_i64().unwrap() <= 0,
            "{name} scrolls sideways"
        );
        let titles = view["titles"].to_string();
        for plot in [
            "Images",
            "Confusion matrix, normalized by row",
            "ROC curves",
            "Precision–recall curves",
            "Net benefit: melanoma",
            "Net benefit: malignant",
            "Reliability",
            "Accuracy by coverage",
            "Images by class and split",
        ] {
            assert!(titles.contains(plot), "{name} lacks {plot}: {titles}");
        }
        if view["name"] == "desktop" {
            assert_eq!(view["cutOff"], json!([]), "tables that are cut off");
        }
        assert!(view["images"].as_u64().unwrap() > 0);
        assert!(view["text"].as_str().unwrap().contains(DISCLAIMER));
        let is_dark = view["paper"] != "rgb(255, 255, 255)";
        assert_eq!(is_dark, view["colorScheme"] == "dark", "{name}");
    }
}

/// What a browser finds on a page, in several views. `SKINLESION_PICTURES=FOLDER` in the environment keeps screenshots.
fn open(chromium: &Path, page: &Path) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/report.mjs");
    let mut command = Command::new("node");
    command.args([&script, chromium, page]);
    command.args(std::env::var_os("SKINLESION_PICTURES"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}
