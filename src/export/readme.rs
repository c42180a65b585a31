//! `README.md` of an export folder: its files as a table, and what to do with them.

use std::fmt::Write;

use super::model_card::CARD_FILE;
use crate::DISCLAIMER;
use crate::artifact::description::Description;
use crate::artifact::exported_file::ExportedFile;
use crate::artifact::format::Format;
use crate::artifact::package::{CHECKPOINT_FILE, GOLDEN_FILE, LABELS_FILE, MODEL_FILE};

/// The file's name.
pub const README_FILE: &str = "README.md";

/// The files by size, agreement, worth and time: a table that reads well as text and as Markdown.
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
            "ms/image",
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
            format!("{:.1}", check.milliseconds),
        ]);
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: [usize; 8] = std::array::from_fn(width);
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

/// What the table's columns mean.
pub fn legend(networks: &[ExportedFile]) -> String {
    let of = networks.first().map_or("", |n| &n.check.of);
    format!(
        "Each file was run again on {of} and its probabilities compared with the checkpoint's; changes are in points against \
         the checkpoint. ms/image: one image at a time on the CPU of the machine that exported, .pt in libtorch, .onnx in rten, \
         .tflite in a plain interpreter of this program: times of these engines, not of a phone's."
    )
}

/// The whole file.
pub fn readme(description: &Description, networks: &[ExportedFile]) -> String {
    let first = networks.first().map_or("model.onnx", |n| &n.file);
    let onnx = Format::Onnx.file_name();
    format!(
        "# An exported network

**{DISCLAIMER}**

{table}
{legend}

* `{MODEL_FILE}`: classes, what goes in and out of each file, preparation, thresholds, figures, origin; read it in your app.
* `{GOLDEN_FILE}` and `golden/`: drawn pictures, the pixels that they must be prepared to, and what each file must answer.
  Pass them before you trust your app.
* `{LABELS_FILE}`: the class codes, one a line, in the order of the outputs.
* `{CARD_FILE}`: what to know of the network before using it.
* `{CHECKPOINT_FILE}`: how it was trained, and the (hashed) lesions that it must not be scored on.

Licence of the weights: {licence}.

```sh
skinlesion predict --model {first} IMAGE          # the likeliest diagnoses of a photograph
skinlesion eval --model {first} --data DIR --out eval
skinlesion serve .                                # the phone page, with {onnx} or a smaller ONNX file in it
```
",
        table = table(networks),
        legend = legend(networks),
        licence = description.licence,
    )
}
