//! The model card: what a person should know of a network before using it. Its headings are those of Mitchell et al. 2019
//! (“Model Cards for Model Reporting”); a table at its end says where it answers CLEAR Derm (Daneshjou et al. 2022) and
//! TRIPOD+AI (Collins et al. 2024).

mod sections;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::source::ExportSource;
use crate::artifact::description::Description;
use crate::artifact::exported_file::ExportedFile;
use crate::artifact::package::{CHECKPOINT_FILE, LABELS_FILE, MODEL_FILE};
use crate::evaluation::Evaluation;
use crate::{DISCLAIMER, Diagnosis, Error, Result};

/// The card's name in an export folder.
pub const CARD_FILE: &str = "MODEL_CARD.md";

/// Reads evaluations of a checkpoint (each a `metrics.json`, or the folder that holds it), and refuses one
/// that is of another.
pub fn read_evaluations(paths: &[PathBuf], source: &ExportSource) -> Result<Vec<Evaluation>> {
    paths.iter().map(|path| read(path, source)).collect()
}

fn read(path: &Path, source: &ExportSource) -> Result<Evaluation> {
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
    source: &ExportSource,
    description: &Description,
    networks: &[ExportedFile],
    evaluations: &[Evaluation],
) -> String {
    let Description {
        written_by,
        intended_use,
        licence,
        ..
    } = description;
    let about = &source.metadata;
    let size = description.resize.size;
    let first = networks.first().map_or("model.onnx", |n| &n.file);
    format!(
        "# Model card: a classifier of dermatoscopic photographs

**{DISCLAIMER}**

## Model details

MobileNetV2 (Sandler et al. 2018) of width {width}, epoch {epoch} of `{phase}`, from {initial}. Written by {written_by}.

* Input: RGB of {size} × {size} pixels; each file's type and order stand in `{MODEL_FILE}`. {preparation}.
* Outputs `probabilities` and `logits`: float32, N × 7, in the order {classes} (the TorchScript module returns them as a pair).
  {temperature}
* Licence of the weights: {licence}.

## Intended use

{intended_use}

## Factors

Dermatoscope, camera, clinic, age, sex, place on the body and how a label was found all change what the network is worth; the tables below say by
how much where the photographs tell. **HAM10000 has no label of skin tone and nearly all of its patients are fair-skinned: how the
network does on dark skin is unknown, and it must be expected to do worse.**

## Training data

{training} lesions; choices were made on {validation} others. None of them may be used to score it: `{CHECKPOINT_FILE}` names them by hash,
and `skinlesion eval` refuses them.

## Evaluation data, metrics and analyses
{evaluations}
The figures hold for photographs like those that were scored. Another dermatoscope, camera or clinic, and people unlike
those who were photographed, can make them much worse.

## Ethical considerations

The photographs are of patients, given for non-commercial research. A missed melanoma can cost a life and a false alarm an operation; neither may
be left to this network. People whose skin it has not learnt from would bear more of its errors.

## Caveats and recommendations

Every image gets one of seven names, also one that shows none of the seven. Precision and referrals depend on how common each class is, which in a
clinic is not as here. Score it on your own photographs before you believe it on them, and let the least certain go to a person.

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

## Where checklists find their answers

| CLEAR Derm | TRIPOD+AI | here |
|---|---|---|
| data: images, labels, skin tone, patients | 5–7, 12 (participants, data preparation, fairness) | Factors, Training data |
| technique: preparation, model, training | 8, 9, 12 (outcome, predictors, methods) | Model details, Settings of its last training |
| technical assessment: metrics, test data, benchmarks | 12, 23 (performance, with intervals, by subgroup) | Evaluation data, metrics and analyses |
| application: use, target, limits, availability | 3, 18, 25–27 (use, open science, limitations) | Intended use, Ethical considerations, Caveats, Files |

## Settings of its last training

```toml
{config}```
",
        preparation = description.resize.in_words(),
        width = about.architecture.width,
        epoch = about.epoch,
        phase = about.phase,
        initial = about.initial_weights,
        classes = Diagnosis::ALL.map(Diagnosis::code).join(", "),
        temperature = match about.temperature {
            Some(temperature) => format!(
                "Logits are already divided by a temperature of {temperature:.3}, fitted on validation (Guo et al. 2017)."
            ),
            None => "No temperature was fitted: probabilities may be too certain or too modest.".to_owned(),
        },
        training = about.training_lesions.len(),
        validation = about.validation_lesions.len(),
        evaluations = match evaluations {
            [] => self::sections::unevaluated(description),
            some => some.iter().map(self::sections::evaluated).collect(),
        },
        files = listed(networks),
        config = about.config,
    )
}

fn listed(networks: &[ExportedFile]) -> String {
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
