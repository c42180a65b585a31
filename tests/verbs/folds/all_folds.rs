//! A network of all folds, and the evaluation of the networks of its folds.

use super::*;

/// Runs a verb with one thread in the folder of the tests.
fn run(line: &str) -> Output {
    let mut command = skinlesion();
    command.current_dir(DESK.path()).args(["--threads", "1"]);
    command.args(line.split_whitespace()).output().unwrap()
}

fn succeed(line: &str) -> Output {
    let output = run(line);
    assert!(output.status.success(), "{line}: {}", stderr(&output));
    output
}

fn json(file: &str) -> Value {
    serde_json::from_slice(&fs::read(path(file)).unwrap()).unwrap()
}

#[test]
fn a_network_of_all_folds_is_calibrated_and_exported_with_the_metrics_of_its_folds() {
    succeed(&format!("train {TRANSFER} --fold all --out final"));
    succeed("eval --folds --model run-0 --model run-1 --model run-2 --data folds --out of-folds");
    let calibrate = "calibrate --checkpoint final --out-of-fold of-folds --out final.safetensors";
    let words = stdout(&succeed(calibrate));
    let images = metrics("of-folds")["n"].as_u64().unwrap();
    assert!(
        words.contains(&format!("fitted on {images} out-of-fold images")),
        "{words}"
    );
    let metadata = Checkpoint::read(&path("final.safetensors"))
        .unwrap()
        .metadata;
    let balanced = metadata.decisions.balanced.clone().unwrap();
    assert_eq!(
        (balanced.fitted_on, balanced.images as u64),
        (Part::OutOfFold, images)
    );
    assert!(metadata.temperature.is_some() && metadata.seen.validation_lesions.is_empty());

    let export = "export --checkpoint final.safetensors --data folds --evaluation of-folds --format onnx,onnx-int8 \
                  --tolerance 100";
    let output = run(&format!("{export} --out unmeasured"));
    assert!(
        stderr(&output).contains("--fold-checkpoint"),
        "{}",
        stderr(&output)
    );
    succeed(&format!("{export} --fold-checkpoint run-1 --out all"));
    let model = json("all/model.json");
    assert_eq!(model["format_version"], 3);
    assert_eq!(
        model["decisions"],
        serde_json::to_value(&metadata.decisions).unwrap()
    );
    let metrics_of = &model["metrics"].as_array().unwrap()[..];
    assert_eq!(metrics_of.len(), 1);
    assert_eq!(metrics_of[0]["part"], "out_of_fold");
    assert_eq!(metrics_of[0]["images"], images);
    for threshold in model["thresholds"].as_array().unwrap() {
        assert_eq!(threshold["chosen_on"], "out_of_fold");
    }
    assert_eq!(model["abstention"]["chosen_on"], "out_of_fold");
    let files = model["files"].as_array().unwrap();
    assert_eq!(files[0]["check"]["of"], "training images");
    assert!(files[0]["check"]["score"].is_null());
    assert_eq!(files[1]["check"]["scored"], "the network of fold 1");
    assert!(files[1]["check"]["score"]["balanced"].is_object());
    let card = fs::read_to_string(path("all/MODEL_CARD.md")).unwrap();
    let line = format!("On 3 folds of the training data: {images} images");
    assert!(card.contains(&line), "{card}");
    assert!(
        card.contains("ln p − ") && card.contains("By decision rule"),
        "{card}"
    );

    // An export of the export keeps what was measured.
    succeed("export --checkpoint all --format tflite --out again-exported");
    let again = json("again-exported/model.json");
    for key in [
        "metrics",
        "thresholds",
        "abstention",
        "decisions",
        "temperature",
    ] {
        assert_eq!(again[key], model[key], "{key}");
    }
    let card = fs::read_to_string(path("again-exported/MODEL_CARD.md")).unwrap();
    let line = format!("On {images} out-of-fold images");
    assert!(
        card.contains(&line) && card.contains("| balanced accuracy |"),
        "{card}"
    );
}

#[test]
fn an_evaluation_of_folds_is_refused_where_it_does_not_belong() {
    succeed(&format!("train {TRANSFER} --fold all --out whole-folds"));
    succeed("eval --folds --model run-0 --model run-1 --data folds --out plain-folds");
    succeed("eval --folds --tta --model run-0 --model run-1 --data folds --out tta-folds");
    succeed("eval --model run-0 --data folds --split val --out single");
    for (checkpoint, evaluation, words) in [
        ("run-0", "plain-folds", "has a validation fold of its own"),
        ("whole-folds", "tta-folds", "without --tta"),
        ("whole-folds", "single", "not an evaluation of folds"),
        ("whole-folds", "nothing", "cannot read"),
    ] {
        let line = format!(
            "calibrate --checkpoint {checkpoint} --out-of-fold {evaluation} --out refused.safetensors"
        );
        let output = run(&line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(
            stderr(&output).contains(words),
            "{line}: {}",
            stderr(&output)
        );
    }
    assert!(!path("refused.safetensors").exists());
}
