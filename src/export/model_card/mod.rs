//! The model card. Its headings follow Mitchell et al. 2019 (“Model Cards for Model Reporting”). A table at its end
//! maps the items of CLEAR Derm (Daneshjou et al. 2022) and TRIPOD+AI (Collins et al. 2024) to its sections.

mod sections;

use std::fmt::Write;

use super::evaluations::ExportEvaluation;
use super::source::ExportSource;
use crate::DISCLAIMER;
use crate::artifact::description::Description;
use crate::artifact::exported_file::ExportedFile;
use crate::artifact::package::{CHECKPOINT_FILE, LABELS_FILE, MODEL_FILE};
use crate::classes::ham10000;
use crate::integrity::sums::FILE as SUMS_FILE;
use crate::model::checkpoint_metadata::EXPORTED_FILE;

/// The card's file name in an export folder.
pub const CARD_FILE: &str = "MODEL_CARD.md";

/// The card as Markdown.
pub fn card(
    source: &ExportSource,
    includes_checkpoint: bool,
    description: &Description,
    networks: &[ExportedFile],
    evaluations: &[ExportEvaluation],
) -> String {
    let Description {
        written_by,
        intended_use,
        licence,
        ..
    } = description;
    let metadata = &source.metadata;
    let size = description.resize.size;
    let first = ExportedFile::example(networks);
    format!(
        "# Model card: classifier of dermatoscopic photographs

**{DISCLAIMER}**

## Model details

MobileNetV2 (Sandler et al. 2018) of width {width}, epoch {epoch} of `{phase}`, from {initial}. Written by {written_by}.

* Input: RGB of {size} × {size} pixels; `{MODEL_FILE}` lists each file's data type and layout. {preparation}.
* Outputs `probabilities` and `logits`: float32, N × {number}, in the order {classes}. ONNX files have `evidence`, the class
  activation maps; if the network has a novelty score, all files have `novelty`. TorchScript returns a tuple.
  {temperature}
* Decision: {decision}
* Licence of the weights: {licence}.

## Intended use

{intended_use}

## Factors

Performance depends on dermatoscope, camera, clinic, age, sex, body site and diagnosis type. The tables below show by
how much, where the metadata allow it. **{skin_tone} Performance on dark skin is unknown and must be expected to be
worse.**

## Training data

{lesions}: `{CHECKPOINT_FILE}` lists them by hash, and `skinlesion eval` rejects them.
{sources}
## Evaluation data, metrics and analyses
{evaluations}
The metrics apply to photographs like the scored ones. They can be much worse for another dermatoscope, camera, clinic
or patient population.

## Ethical considerations

The photographs show patients. A missed melanoma can cost a life, and a false positive can cause surgery; this network
must not decide on either. People whose skin is rare in the training data
would bear more of its errors.

## Caveats and recommendations

The network assigns one of its {number} classes to every image, even if it shows none of them. {novelty}
Precision and referrals depend on the prevalence of each class, which differs in a clinic. Evaluate the network on your own photographs before use, and
refer uncertain cases to a person.

## Files

| file | size | largest probability difference from the checkpoint |
|---|---|---|
{files}
* `{MODEL_FILE}`: classes, input specification, outputs, metrics and provenance, for apps.
* `{LABELS_FILE}`: the class codes, one per line, in the order of the outputs.
* `{CHECKPOINT_FILE}`: training settings, and the hashed ids of lesions, images and patients that the network
  must not be scored on; short ids can be guessed from their hashes.
{checkpoint}* `{SUMS_FILE}`: the SHA-256 of each file, for `sha256sum --check {SUMS_FILE}`.
{code}
```sh
skinlesion predict --model {first} IMAGE
skinlesion eval --model {first} --data DIR --out eval
```

## Reporting checklists

| CLEAR Derm | TRIPOD+AI | section |
|---|---|---|
| data: images, labels, skin tone, patients | 5–7, 12 (participants, data preparation, fairness) | Factors, Training data |
| technique: preparation, model, training | 8, 9, 12 (outcome, predictors, methods) | Model details, Training settings |
| technical assessment: metrics, test data, benchmarks | 12, 23 (performance, with intervals, by subgroup) | Evaluation data, metrics and analyses |
| application: use, target, limits, availability | 3, 18, 25–27 (use, open science, limitations) | Intended use, Ethical considerations, Caveats, Files |

## Training settings

```toml
{config}```
",
        preparation = description.resize.in_words(),
        width = metadata.architecture.width,
        epoch = metadata.epoch,
        phase = metadata.phase,
        initial = metadata.initial_weights,
        classes = description.classes.codes(),
        skin_tone = match description.classes == ham10000() {
            true => "The program reads no label of skin tone, and nearly all patients of HAM10000 are fair-skinned.",
            false => "The program reads no label of skin tone.",
        },
        number = description.classes.len(),
        novelty = match description.novelty {
            Some(rule) => format!(
                "Its\nnovelty score flags pictures unlike its training images, most that are no dermatoscopic photographs, and {:.1} % of\nthe {} that its threshold was chosen on; it hardly flags plain skin.",
                100.0 * (1.0 - rule.passes),
                rule.chosen_on.images(),
            ),
            None => "It has no novelty score.".to_owned(),
        },
        temperature = match metadata.temperature {
            Some(temperature) => format!(
                "Logits are already divided by a temperature of {temperature:.3}, fitted on {} (Guo et al. 2017).",
                match &description.decisions.balanced {
                    Some(rule) => rule.fitted_on.images(),
                    None => "images outside its training",
                }
            ),
            None => "No temperature was fitted: probabilities may be over- or underconfident.".to_owned(),
        },
        decision = self::sections::decision(&description.decisions),
        lesions = self::sections::lesions(metadata),
        sources = self::sections::sources(metadata),
        evaluations = match evaluations {
            [] => self::sections::unevaluated(description),
            some => some.iter().map(self::sections::evaluated).collect(),
        },
        files = file_rows(networks),
        checkpoint = checkpoint_line(includes_checkpoint),
        code = networks.iter().filter(|file| file.has_code()).map(code_warning).collect::<String>(),
        config = metadata.config,
    )
}

/// What is said of an included checkpoint, in a list of files.
pub fn checkpoint_line(is_included: bool) -> String {
    match is_included {
        true => format!(
            "* `{EXPORTED_FILE}`: the weights in float16, to train further on other data: `skinlesion train --from .` or\n  \
             `--teacher .`.\n"
        ),
        false => String::new(),
    }
}

fn code_warning(file: &ExportedFile) -> String {
    format!(
        "* `{}` contains code, which libtorch runs with your rights when it opens the file. Open it only if you trust \
         whoever gave it to you; `skinlesion` asks for `--trust`. The other files contain no code.\n",
        file.file
    )
}

fn file_rows(networks: &[ExportedFile]) -> String {
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
