//! `skinlesion compare`, and `eval --submission`.

use std::fs;
use std::process::Output;

use serde_json::Value;
use skinlesion::Class;
use skinlesion::classes::ham10000;
use skinlesion::metrics::Predictions;

use crate::common::{skinlesion, stderr, stdout};
use crate::eval::Bench;

fn compare(bench: &Bench, arguments: &[&str]) -> Output {
    let mut command = skinlesion();
    command.current_dir(bench.path("")).arg("compare");
    command.args(arguments).output().unwrap()
}

/// Evaluations `a` and `b` of the same images; `b` has the answers of another network to half of them.
fn two(bench: &Bench) {
    assert!(bench.eval("data", &[]).status.success());
    fs::rename(bench.path("out"), bench.path("a")).unwrap();
    fs::create_dir(bench.path("b")).unwrap();
    fs::copy(bench.path("a/metrics.json"), bench.path("b/metrics.json")).unwrap();
    let text = fs::read_to_string(bench.path("a/predictions.csv")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1).step_by(2) {
        let cells: Vec<&str> = line.split(',').collect();
        let place = ham10000().by_code(cells[1]).map(Class::index);
        let answers: Vec<&str> = (0..7)
            .map(|class| if Some(class) == place { "1" } else { "0" })
            .collect();
        *line = format!(
            "{},{},{},{}",
            cells[0],
            cells[1],
            answers.join(","),
            cells[9]
        );
    }
    // In another order, which must not matter.
    lines[1..].reverse();
    fs::write(bench.path("b/predictions.csv"), lines.join("\n") + "\n").unwrap();
    recount(bench);
}

/// Makes the metrics of `b` tell of its predictions, without digests, as older versions wrote them.
fn recount(bench: &Bench) {
    let path = bench.path("b/metrics.json");
    let mut metrics: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let predictions = Predictions::read(&bench.path("b/predictions.csv")).unwrap();
    metrics["confusion_matrix"] = serde_json::json!(predictions.score().confusion_matrix);
    metrics.as_object_mut().unwrap().remove("digests");
    fs::write(path, metrics.to_string()).unwrap();
}

#[test]
fn differences_of_two_networks_on_the_same_images_have_intervals() {
    let bench = Bench::new();
    two(&bench);
    let output = compare(&bench, &["a", "b/metrics.json", "--out", "difference.json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let words = stdout(&output);
    assert!(
        words.contains("McNemar") && words.contains("balanced accuracy"),
        "{words}"
    );
    let found: Value =
        serde_json::from_slice(&fs::read(bench.path("difference.json")).unwrap()).unwrap();
    let accuracy = &found["figures"]["accuracy"];
    assert!(accuracy["difference"].as_f64().unwrap() > 0.2, "{accuracy}");
    assert!(accuracy["interval"][0].as_f64().unwrap() > 0.0);
    assert_eq!(found["mcnemar"]["only_a_right"], 0);
    assert_eq!(found["split"], "test");

    // The other way round by files that lie elsewhere.
    fs::rename(bench.path("b/predictions.csv"), bench.path("elsewhere.csv")).unwrap();
    let mirrored = compare(
        &bench,
        &[
            "b",
            "a",
            "--predictions",
            "elsewhere.csv",
            "a/predictions.csv",
            "--json",
        ],
    );
    let mirrored: Value = serde_json::from_str(&stdout(&mirrored)).unwrap();
    assert_eq!(mirrored["mcnemar"]["only_b_right"], 0);
}

#[test]
fn a_network_is_not_found_better_than_itself() {
    let bench = Bench::new();
    two(&bench);
    let output = compare(&bench, &["a", "a"]);
    assert!(output.status.success());
    let words = stdout(&output);
    assert!(
        words.contains("no significant difference in accuracy"),
        "{words}"
    );
    assert!(words.contains("No headline metric differs"), "{words}");
}

#[test]
fn refuses_other_images_other_truths_and_a_file_in_the_way() {
    let bench = Bench::new();
    two(&bench);
    assert!(bench.eval("data", &["--split", "val"]).status.success());
    let output = compare(&bench, &["a", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("scores the val split"),
        "{}",
        stderr(&output)
    );

    let path = bench.path("b/predictions.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("IMG_28,akiec,", "IMG_28,nv,")).unwrap();
    let output = compare(&bench, &["a", "b"]);
    assert!(
        stderr(&output).contains("do not make the confusion matrix"),
        "{}",
        stderr(&output)
    );
    recount(&bench);
    let output = compare(&bench, &["a", "b"]);
    assert!(
        stderr(&output).contains("IMG_28 is nv here and akiec in the other file"),
        "{}",
        stderr(&output)
    );

    fs::write(bench.path("mine.json"), "mine").unwrap();
    let output = compare(&bench, &["a", "a", "--out", "mine.json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(bench.path("mine.json")).unwrap(), "mine");
    assert_eq!(compare(&bench, &["a"]).status.code(), Some(2));
}

#[test]
fn a_submission_is_written_when_asked_for() {
    let bench = Bench::new();
    let output = bench.eval("data", &["--submission"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("submission.csv"));
    let text = fs::read_to_string(bench.path("out/submission.csv")).unwrap();
    assert_eq!(
        text.lines().next(),
        Some("image,MEL,NV,BCC,AKIEC,BKL,DF,VASC")
    );
    assert_eq!(text.lines().count(), 15);
    assert!(bench.eval("data", &["--force"]).status.success());
    assert!(!bench.path("out/submission.csv").exists());
}
