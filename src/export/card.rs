//! The model card: what a person should know of a network before using it (Mitchell et al. 2019, “Model Cards
//! for Model Reporting”).

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::Source;
use super::description::Description;
use super::package::{CHECKPOINT_FILE, LABELS_FILE, MODEL_FILE, Written};
use crate::evaluation::Evaluation;
use crate::report::text::HEADLINES;
use crate::{DISCLAIMER, Diagnosis, Error, Result};

/// The card's name in an export folder.
pub const CARD_FILE: &str = "MODEL_CARD.md";

/// Reads evaluations of a checkpoint (each a `metrics.json`, or the folder that holds it), and refuses one
/// that is of another.
pub fn read_evaluations(paths: &[PathBuf], source: &Source) -> Result<Vec<Evaluation>> {
    paths.iter().map(|path| read(path, source)).collect()
}

fn read(path: &Path, source: &Source) -> Result<Evaluation> {
    let path = match path.is_dir() {
        true => path.join(crate::evaluation::METRICS_FILE),
        false => path.to_owned(),
    };
    let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
    let evaluation: Evaluation = serde_json::from_slice(&bytes).map_err(|error| {
        Error::line(
            &path,
            error.line() as u64,
            error.to_string(),
            "Name the metrics.json, or its folder, that `skinlesion eval` wrote of one network.",
        )
    })?;
    if evaluation.model.sha256 != source.sha256 {
        return Err(Error::file(
            &path,
            format!("it scores another file than {}", source.path.display()),
            "Give the evaluation that `skinlesion eval --model` made of this very checkpoint.",
        ));
    }
    Ok(evaluation)
}

/// The card as Markdown.
pub fn card(
    source: &Source,
    description: &Description,
    networks: &[Written],
    evaluations: &[Evaluation],
) -> String {
    let Description {
        written_by,
        intended_use,
        licence,
        preparation,
        ..
    } = description;
    let about = &source.checkpoint.about;
    let size = description.resize.size;
    let first = networks.last().map_or("model.onnx", |n| &n.file);
    let mut text = format!(
        "# Model card: a classifier of dermatoscopic photographs

**{DISCLAIMER}**

## What it is for

{intended_use}

## What it is

MobileNetV2 (Sandler et al. 2018) of width {width}, epoch {epoch} of `{phase}`, from {initial}. Written by {written_by}.

* Input `image`: float32, N × 3 × {size} × {size}, RGB in 0–1. {preparation}
* Outputs `probabilities` and `logits`: float32, N × 7, in the order {classes} (the TorchScript module returns them as a pair).

## What it was trained on

{training} lesions; choices were made on {validation} others. None of them may be used to score it: `{CHECKPOINT_FILE}` names them by hash,
and `skinlesion eval` refuses them. Licence of the weights: {licence}.

## How good it is
",
        width = about.architecture.width,
        epoch = about.epoch,
        phase = about.phase,
        initial = about.initial_weights,
        classes = Diagnosis::ALL.map(Diagnosis::code).join(", "),
        training = about.training_lesions.len(),
        validation = about.validation_lesions.len(),
    );
    if evaluations.is_empty() {
        text.push_str(&unevaluated(description));
    }
    for evaluation in evaluations {
        text.push_str(&figures(evaluation));
    }
    let _ = write!(
        text,
        "
The figures hold for photographs like those that were scored. Another dermatoscope, camera or clinic, and people unlike
those who were photographed, can make them much worse.

## Files

| file | size | largest difference from the checkpoint's probabilities |
|---|---|---|
{files}
* `{MODEL_FILE}`: classes, input, outputs, preparation, figures, origin; read it in your app.
* `{LABELS_FILE}`: the class codes, one a line, in the order of the outputs.
* `{CHECKPOINT_FILE}`: how the network was trained, and the (hashed) lesions that it must not be scored on.

```sh
skinlesion predict --model {first} IMAGE
skinlesion eval --model {first} --data DIR --out eval
```

## Settings of its last training

```toml
{config}```
",
        files = listed(networks),
        config = about.config,
    );
    text
}

fn listed(networks: &[Written]) -> String {
    let mut lines = String::new();
    for network in networks {
        let _ = writeln!(
            lines,
            "| `{}` | {:.2} MB | {:.1e} on {} {} |",
            network.file,
            network.bytes as f64 / 1e6,
            network.check.max_difference,
            network.check.images,
            network.check.of,
        );
    }
    lines
}

/// What is known without an evaluation: the figures that came with the checkpoint.
fn unevaluated(description: &Description) -> String {
    let mut text = "
No evaluation was given (`skinlesion export --evaluation`). On the validation part, which choices were made on, so that the figures flatter:

| | |
|---|---|
"
    .to_owned();
    for (name, words) in HEADLINES {
        if let Some(value) = description.validation.get(name) {
            let _ = writeln!(text, "| {words} | {value:.3} |");
        }
    }
    text
}

/// The figures of one evaluation, with their intervals.
fn figures(evaluation: &Evaluation) -> String {
    let metrics = &evaluation.metrics;
    let interval = |name: &str| match evaluation.intervals.get(name) {
        Some([low, high]) => format!("{low:.3} to {high:.3}"),
        None => "–".to_owned(),
    };
    let figure = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
    let mut text = format!(
        "
On the {} part: {} images of {} lesions{}{}. Intervals hold 95 % of 2,000 bootstrap draws of lesions.

| | value | 95 % interval |
|---|---|---|
",
        evaluation.data.split,
        metrics.n,
        evaluation.data.lesions,
        match evaluation.tta {
            true => ", each answer the mean over 8 symmetric views (`--tta`)",
            false => "",
        },
        match evaluation.data.split {
            crate::dataset::Part::Test => "",
            _ => ", on which choices were made, so that the figures flatter",
        },
    );
    for (name, words) in HEADLINES {
        let value = figure(metrics.named(name));
        let _ = writeln!(text, "| {words} | {value} | {} |", interval(name));
    }
    text.push_str("\n| class | images | recall | precision | AUC | 95 % interval of the AUC |\n|---|---|---|---|---|---|\n");
    for class in Diagnosis::ALL {
        let Some(of_class) = metrics.per_class.get(&class) else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {} ({}) | {} | {} | {} | {} | {} |",
            class.code(),
            class.name(),
            of_class.support,
            figure(of_class.recall),
            figure(of_class.precision),
            figure(of_class.auc),
            interval(&format!("per_class.{}.auc", class.code())),
        );
    }
    text
}
