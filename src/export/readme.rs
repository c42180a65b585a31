//! `README.md` of an export folder: a table of its files, and their use.

use std::fmt::Write;
use std::path::Path;

use super::model_card::{CARD_FILE, checkpoint_line};
use crate::DISCLAIMER;
use crate::artifact::description::Description;
use crate::artifact::exported_file::ExportedFile;
use crate::artifact::format::Format;
use crate::artifact::package::{CHECKPOINT_FILE, GOLDEN_FILE, LABELS_FILE, MODEL_FILE};
use crate::integrity::sums::FILE as SUMS_FILE;

/// The file's name.
pub const README_FILE: &str = "README.md";

/// A table of the files with size, agreement and metrics, readable as text and as Markdown.
pub fn table(networks: &[ExportedFile]) -> String {
    let mut rows = vec![
        [
            "file",
            "size",
            "largest diff.",
            "mean diff.",
            "same top-1",
            "balanced acc.",
            "mel. recall",
        ]
        .map(str::to_owned),
    ];
    for network in networks {
        let check = &network.check;
        let score = check.score;
        let with_change = |value: Option<f64>, change: Option<f64>| match (value, change) {
            (Some(value), Some(change)) => format!("{value:.3} ({:+.1})", 100.0 * change),
            _ => "-".to_owned(),
        };
        rows.push([
            network.file.clone(),
            format!("{:.2} MB", network.bytes as f64 / 1e6),
            format!("{:.1e}", check.max_difference),
            format!("{:.1e}", check.mean_difference),
            format!("{}/{}", check.same_top1, check.images),
            with_change(
                score.and_then(|s| s.balanced_accuracy),
                score.and_then(|s| s.balanced_accuracy_change),
            ),
            with_change(
                score.and_then(|s| s.melanoma_recall),
                score.and_then(|s| s.melanoma_recall_change),
            ),
        ]);
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).enumerate();
        for (column, (cell, width)) in cells {
            let _ = match column {
                0 => write!(text, "| {cell:<width$} |"),
                _ => write!(text, " {cell:>width$} |"),
            };
        }
        text.push('\n');
        if index == 0 {
            for (column, width) in widths.into_iter().enumerate() {
                let _ = match column {
                    0 => write!(text, "|-{:-<width$}-|", ""),
                    _ => write!(text, "-{:-<width$}:|", ""),
                };
            }
            text.push('\n');
        }
    }
    text
}

/// The legend of the table. `folder` is the export's, as a command names it.
pub fn legend(networks: &[ExportedFile], folder: &Path) -> String {
    let of = networks.first().map_or("", |n| &n.check.of);
    format!(
        "Each file was run on {of}, and its probabilities were compared with the checkpoint's. Changes are percentage points \
         against the checkpoint. `skinlesion benchmark {}` times the files on your machine; phone runtimes differ.",
        folder.display()
    )
}

/// The contents of the file.
pub fn readme(
    description: &Description,
    includes_checkpoint: bool,
    networks: &[ExportedFile],
) -> String {
    let first = ExportedFile::example(networks);
    let onnx = Format::Onnx.file_name();
    format!(
        "# Exported network

**{DISCLAIMER}**

{table}
{legend}

* `{MODEL_FILE}`: classes, input specification and outputs of each file, decision thresholds, metrics and provenance, for apps.
{novelty}* `{GOLDEN_FILE}` and `golden/`: synthetic images, their expected pixels after preprocessing, and each file's expected
  probabilities. Test your app against them.
* `{LABELS_FILE}`: the class codes, one per line, in the order of the outputs.
* `{CARD_FILE}`: the model card: intended use, metrics and limits.
* `{CHECKPOINT_FILE}`: training settings, and the hashed ids of lesions, images and patients that the network
  must not be scored on; short ids can be guessed from their hashes.
{checkpoint}* `{SUMS_FILE}`: the SHA-256 of each file: `sha256sum --check {SUMS_FILE}`, or `skinlesion check .`.

Licence of the weights: {licence}.

```sh
skinlesion predict --model {first} IMAGE          # the most probable diagnoses of a photograph
skinlesion eval --model {first} --data DIR --out eval
skinlesion serve .                                # the phone page, with {onnx} or a smaller ONNX file
```
",
        table = table(networks),
        legend = legend(networks, Path::new(".")),
        licence = description.licence,
        checkpoint = checkpoint_line(includes_checkpoint),
        novelty = match description.novelty {
            Some(_) => {
                "* A picture whose output `novelty` is above `novelty.threshold` in `model.json` does not look like a\n  \
                 dermatoscopic photograph: say so instead of its diagnosis.\n"
            }
            None => "",
        },
    )
}
