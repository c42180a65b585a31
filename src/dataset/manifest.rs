//! `manifest.csv`: one line for each prepared image, in the order of the pixels.

use std::path::Path;

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use super::folds::Fold;
use super::{Sample, Split};
use crate::{Diagnosis, Error, Result};

/// The file's name within a dataset folder.
pub const FILE: &str = "manifest.csv";

/// One line: row `i` (from 0) describes image `i` of `pixels.bin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the metadata says.
    pub sample: Sample,
    /// What it is used for. In a dataset with folds this is `train` for all that is not test.
    pub split: Split,
    /// Its place in a dataset with folds; none in the test part.
    pub fold: Option<Fold>,
}

impl Row {
    /// Where it is, in words: its part, or `fold 2`. All images of a lesion are in the same place.
    pub fn place(&self) -> String {
        match self.fold {
            Some(fold) => format!("fold {}", fold.number),
            None => self.split.to_string(),
        }
    }
}

/// The line as the CSV file has it: flat, because the csv crate reads no nested structs.
#[derive(Serialize, Deserialize)]
struct Line {
    image_id: String,
    lesion_id: String,
    dx: Diagnosis,
    dx_type: String,
    age: String,
    sex: String,
    localization: String,
    source: String,
    split: Split,
}

/// The columns that only a dataset with folds has; empty for an image of the test part.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct FoldColumns {
    fold: Option<usize>,
    validates: Option<bool>,
}

/// The rows as the bytes of a CSV file.
pub fn to_csv(rows: &[Row]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let has_folds = rows.iter().any(|row| row.fold.is_some());
    for row in rows {
        let sample = row.sample.clone();
        let line = Line {
            image_id: sample.image_id,
            lesion_id: sample.lesion_id,
            dx: sample.dx,
            dx_type: sample.dx_type,
            age: sample.age,
            sex: sample.sex,
            localization: sample.localization,
            source: sample.source,
            split: row.split,
        };
        // Writing flat structs of strings into memory has no way to fail.
        let _ = if has_folds {
            let columns = FoldColumns {
                fold: row.fold.map(|fold| fold.number),
                validates: row.fold.map(|fold| fold.validates),
            };
            writer.serialize((line, columns))
        } else {
            writer.serialize(line)
        };
    }
    writer.into_inner().unwrap_or_default()
}

/// Reads a manifest, with or without folds.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| {
        Error::file(
            path,
            format!("cannot be read ({error})"),
            "Name a folder that `skinlesion prepare` wrote.",
        )
    })?;
    let wrong = |error: csv::Error| {
        let number = error.position().map_or(0, csv::Position::line);
        Error::line(
            path,
            number,
            format!("not a manifest line ({error})"),
            "Run `skinlesion prepare` again; a manifest is not meant to be edited.",
        )
    };
    let headers = reader.headers().map_err(wrong)?.clone();
    let records = reader.records();
    records
        .map(|record| row(&record?, &headers))
        .collect::<csv::Result<_>>()
        .map_err(wrong)
}

fn row(record: &StringRecord, headers: &StringRecord) -> csv::Result<Row> {
    let line: Line = record.deserialize(Some(headers))?;
    let columns: FoldColumns = record.deserialize(Some(headers))?;
    Ok(Row {
        split: line.split,
        fold: columns.fold.map(|number| Fold {
            number,
            validates: columns.validates.unwrap_or(true),
        }),
        sample: Sample {
            image_id: line.image_id,
            lesion_id: line.lesion_id,
            dx: line.dx,
            dx_type: line.dx_type,
            age: line.age,
            sex: line.sex,
            localization: line.localization,
            source: line.source,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(image: &str, split: Split, fold: Option<Fold>) -> Row {
        Row {
            sample: Sample {
                image_id: image.into(),
                lesion_id: "HAM_1".into(),
                dx: Diagnosis::Df,
                dx_type: "histo".into(),
                age: "50".into(),
                sex: "male".into(),
                localization: "lower extremity, left".into(),
                source: String::new(),
            },
            split,
            fold,
        }
    }

    fn there_and_back(rows: &[Row]) -> (String, Vec<Row>) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let bytes = to_csv(rows);
        std::fs::write(&path, &bytes).unwrap();
        (String::from_utf8(bytes).unwrap(), read(&path).unwrap())
    }

    #[test]
    fn folds_have_columns_of_their_own_which_others_lack() {
        let fold = |number, validates| Some(Fold { number, validates });
        let plain = [row("A", Split::Val, None)];
        let (text, read) = there_and_back(&plain);
        assert!(
            text.starts_with("image_id,lesion_id,dx,dx_type,age,sex,localization,source,split\n")
        );
        assert_eq!(read, plain);

        let folded = [
            row("A", Split::Test, None),
            row("B", Split::Train, fold(3, true)),
            row("C", Split::Train, fold(0, false)),
        ];
        let (text, read) = there_and_back(&folded);
        assert!(
            text.lines()
                .next()
                .unwrap()
                .ends_with(",split,fold,validates")
        );
        assert!(
            text.contains(",test,,\n") && text.contains(",train,0,false\n"),
            "{text}"
        );
        assert_eq!(read, folded);
    }
}
