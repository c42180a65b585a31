//! `history.csv`, with one row per epoch, and the charts of its columns.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::metrics::{Metrics, RECALL};
use crate::report::{self, Line, Panel};
use crate::{Error, Result, files, reading};

/// File name within a checkpoint folder.
pub const FILE: &str = "history.csv";

/// The position of the column `seconds`.
const SECONDS: usize = 1;

/// The columns that every history has.
const COLUMNS: [&str; 15] = [
    "epoch",
    "seconds",
    "learning_rate",
    "train_loss",
    "val_loss",
    "train_accuracy",
    "val_accuracy",
    "train_top2_accuracy",
    "val_top2_accuracy",
    "train_balanced_accuracy",
    "val_balanced_accuracy",
    "train_macro_f1",
    "val_macro_f1",
    "train_melanoma_recall",
    "val_melanoma_recall",
];

/// File stem of the charts within a checkpoint folder.
pub const CURVES: &str = "curves";

/// Metrics of an epoch. Losses are log losses; undefined metrics are empty fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are the column headers; docs/formats.md explains them
pub struct Epoch {
    pub epoch: usize,
    pub seconds: f64,
    pub learning_rate: f64,
    pub train_loss: Option<f64>,
    pub val_loss: Option<f64>,
    pub train_accuracy: Option<f64>,
    pub val_accuracy: Option<f64>,
    pub train_top2_accuracy: Option<f64>,
    pub val_top2_accuracy: Option<f64>,
    pub train_balanced_accuracy: Option<f64>,
    pub val_balanced_accuracy: Option<f64>,
    pub train_macro_f1: Option<f64>,
    pub val_macro_f1: Option<f64>,
    pub train_melanoma_recall: Option<f64>,
    pub val_melanoma_recall: Option<f64>,
    /// The recalls in training and validation of the watched classes but melanoma, by `recall_CODE`.
    #[serde(skip)]
    pub recalls: Vec<(String, [Option<f64>; 2])>,
}

impl Epoch {
    /// The row of an epoch. `val` is `None` for epochs without validation.
    pub fn new(
        epoch: usize,
        seconds: f64,
        learning_rate: f64,
        train: &Metrics,
        val: Option<&Metrics>,
    ) -> Self {
        let val = |name: &str| val.and_then(|val| val.get(name));
        let recalls = (Metrics::names(train.classes).into_iter())
            .filter(|name| name.starts_with(RECALL))
            .map(|name| {
                let values = [train.get(&name), val(&name)];
                (name, values)
            })
            .collect();
        Self {
            epoch,
            seconds: (seconds * 1e3).round() / 1e3,
            learning_rate,
            train_loss: train.get("log_loss"),
            val_loss: val("log_loss"),
            train_accuracy: train.get("accuracy"),
            val_accuracy: val("accuracy"),
            train_top2_accuracy: train.get("top2_accuracy"),
            val_top2_accuracy: val("top2_accuracy"),
            train_balanced_accuracy: train.get("balanced_accuracy"),
            val_balanced_accuracy: val("balanced_accuracy"),
            train_macro_f1: train.get("macro_f1"),
            val_macro_f1: val("macro_f1"),
            train_melanoma_recall: train.get("melanoma_recall"),
            val_melanoma_recall: val("melanoma_recall"),
            recalls,
        }
    }

    /// The header over [`Epoch::row`].
    pub fn header() -> &'static str {
        "epoch   loss           accuracy       balanced acc.  macro F1       mel. recall\n\
         \x20       train  val     train  val     train  val     train  val     train  val"
    }

    /// The epoch as a row of a text table of at most 80 columns. `history.csv` has the other metrics.
    pub fn row(&self) -> String {
        let pair = |train: Option<f64>, val: Option<f64>| {
            let number = |value: Option<f64>| value.map_or("–".into(), |v| format!("{v:.3}"));
            format!("   {:<5}  {:<5}", number(train), number(val))
        };
        let cells = [
            pair(self.train_loss, self.val_loss),
            pair(self.train_accuracy, self.val_accuracy),
            pair(self.train_balanced_accuracy, self.val_balanced_accuracy),
            pair(self.train_macro_f1, self.val_macro_f1),
            pair(self.train_melanoma_recall, self.val_melanoma_recall),
        ];
        let row = format!("{:>5}{}", self.epoch, cells.concat());
        row.trim_end().to_owned()
    }
}

/// Writes `history.csv` into a folder.
pub fn write(folder: &Path, epochs: &[Epoch]) -> Result<PathBuf> {
    let path = folder.join(FILE);
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    let recalls = epochs.first().map_or(&[][..], |epoch| &epoch.recalls);
    let names = recalls
        .iter()
        .flat_map(|(name, _)| [format!("train_{name}"), format!("val_{name}")]);
    let header: Vec<String> = (COLUMNS.iter().map(|&name| name.to_owned()).chain(names)).collect();
    writer
        .write_record(header)
        .map_err(|error| Error::io("write", &path)(std::io::Error::other(error)))?;
    for epoch in epochs {
        let recalls: Vec<_> = epoch.recalls.iter().map(|(_, values)| values).collect();
        writer
            .serialize((epoch, recalls))
            .map_err(|error| Error::io("write", &path)(std::io::Error::other(error)))?;
    }
    let bytes = writer.into_inner().unwrap_or_default();
    files::write_atomically(&path, &bytes)?;
    Ok(path)
}

/// The SHA-256 of the header and the first `epochs` rows of a folder's `history.csv` without the column `seconds`, so
/// that equal runs have equal digests; `None` if the file does not exist.
pub fn digest(folder: &Path, epochs: usize) -> Result<Option<String>> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let bytes = reading::read(&path, reading::MAX_TABLE)?;
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let mut kept = Vec::with_capacity(bytes.len());
    for line in lines.take(epochs + 1) {
        for (column, cell) in line.split(|&byte| byte == b',').enumerate() {
            if column != SECONDS {
                kept.extend_from_slice(cell);
                kept.push(b',');
            }
        }
    }
    Ok(Some(files::sha256(&kept)))
}

/// Reads the first `epochs` rows of a folder's `history.csv`; none if the file does not exist.
pub fn read(folder: &Path, epochs: usize) -> Result<Vec<Epoch>> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let broken = |error: csv::Error| {
        Error::file(
            &path,
            format!("not a readable training history ({error})"),
            "Remove the file; training writes a new one.",
        )
    };
    let bytes = reading::read(&path, reading::MAX_TABLE)?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(broken)?.clone();
    let mut read = Vec::new();
    for record in reader.records().take(epochs) {
        let record = record.map_err(broken)?;
        let mut epoch: Epoch = record.deserialize(Some(&headers)).map_err(broken)?;
        let value = |name: String| {
            let column = headers.iter().position(|header| header == name)?;
            record.get(column)?.parse().ok()
        };
        let names = headers
            .iter()
            .filter_map(|header| header.strip_prefix("train_"));
        epoch.recalls = names
            .filter(|name| name.starts_with(RECALL))
            .map(|name| {
                let values = ["train", "val"].map(|part| value(format!("{part}_{name}")));
                (name.to_owned(), values)
            })
            .collect();
        read.push(epoch);
    }
    Ok(read)
}

/// Writes the charts of loss, accuracies, F1 and the recalls of watched classes into a folder.
pub fn draw(folder: &Path, epochs: &[Epoch]) -> Result<[PathBuf; 2]> {
    let x: Vec<f64> = epochs.iter().map(|epoch| epoch.epoch as f64).collect();
    type Column<'a> = &'a dyn Fn(&Epoch) -> Option<f64>;
    let recalls = epochs.first().map_or(&[][..], |epoch| &epoch.recalls);
    let titles: Vec<String> = (recalls.iter())
        .map(|(name, _)| name.replace('_', " of "))
        .collect();
    let panel = |title, train: Column, val: Column| Panel {
        title,
        lines: [("training", train), ("validation", val)]
            .map(|(name, column)| Line {
                name,
                values: epochs.iter().map(column).collect(),
            })
            .into(),
    };
    let mut panels = vec![
        panel("log loss", &|e| e.train_loss, &|e| e.val_loss),
        panel("accuracy", &|e| e.train_accuracy, &|e| e.val_accuracy),
        panel("top-2 accuracy", &|e| e.train_top2_accuracy, &|e| {
            e.val_top2_accuracy
        }),
        panel("balanced accuracy", &|e| e.train_balanced_accuracy, &|e| {
            e.val_balanced_accuracy
        }),
        panel("macro F1", &|e| e.train_macro_f1, &|e| e.val_macro_f1),
    ];
    let has_melanoma = epochs
        .iter()
        .any(|epoch| epoch.train_melanoma_recall.is_some());
    if has_melanoma || recalls.is_empty() {
        panels.push(panel(
            "melanoma recall",
            &|e| e.train_melanoma_recall,
            &|e| e.val_melanoma_recall,
        ));
    }
    for (at, title) in titles.iter().enumerate() {
        let value = |epoch: &Epoch, part: usize| epoch.recalls.get(at)?.1[part];
        panels.push(panel(title, &|e| value(e, 0), &|e| value(e, 1)));
    }
    let svg = report::line_panels("Training", "epoch", &x, &panels);
    report::write_picture(&folder.join(CURVES), &svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_all_columns_but_the_seconds() {
        let home = tempfile::tempdir().unwrap();
        let of = |text: &str| {
            std::fs::write(home.path().join(FILE), text).unwrap();
            digest(home.path(), 1).unwrap().unwrap()
        };
        let first = of("epoch,seconds,train_loss\n1,2.5,0.7\n");
        assert_eq!(first, of("epoch,seconds,train_loss\n1,9.75,0.7\n2,1,0.6\n"));
        assert_ne!(first, of("epoch,seconds,train_loss\n1,2.5,0.8\n"));
    }
}
