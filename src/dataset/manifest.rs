//! `manifest.csv`: one line per prepared image, in the order of `pixels.bin`.

use std::path::Path;

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use super::folds::Fold;
use super::{Sample, Split};
use crate::reading::{self, Lines};
use crate::{ClassList, Error, Result};

/// The file's name within a dataset folder.
pub const FILE: &str = "manifest.csv";

/// One line. Row `i` (from 0) describes image `i` of `pixels.bin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The metadata of the image.
    pub sample: Sample,
    /// The split. In a dataset with folds it is `train` for every image outside the test split.
    pub split: Split,
    /// The fold, in a dataset with folds; `None` in the test split.
    pub fold: Option<Fold>,
}

impl Row {
    /// The split or the fold, such as `val` or `fold 2`. It is the same for all images of a lesion.
    pub fn place(&self) -> String {
        match self.fold {
            Some(fold) => format!("fold {}", fold.number),
            None => self.split.to_string(),
        }
    }
}

/// A CSV line. It is flat because the csv crate reads no nested structs.
#[derive(Serialize, Deserialize)]
struct Line {
    image_id: String,
    lesion_id: String,
    dx: String,
    dx_type: String,
    age: String,
    sex: String,
    localization: String,
    source: String,
    split: Split,
}

/// The extra columns of a dataset with folds; empty for images of the test split.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct FoldColumns {
    fold: Option<usize>,
    validates: Option<bool>,
}

/// The column of patients, in a dataset whose tables name them.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct PatientColumn {
    patient_id: String,
}

/// Encodes the rows as CSV.
pub fn to_csv(rows: &[Row]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let has_folds = rows.iter().any(|row| row.fold.is_some());
    let has_patients = rows.iter().any(|row| !row.sample.patient_id.is_empty());
    for row in rows {
        let sample = row.sample.clone();
        let line = Line {
            image_id: sample.image_id,
            lesion_id: sample.lesion_id,
            dx: sample.dx.to_string(),
            dx_type: sample.dx_type,
            age: sample.age,
            sex: sample.sex,
            localization: sample.localization,
            source: sample.source,
            split: row.split,
        };
        let patient = PatientColumn {
            patient_id: sample.patient_id,
        };
        let folds = FoldColumns {
            fold: row.fold.map(|fold| fold.number),
            validates: row.fold.map(|fold| fold.validates),
        };
        // Writing flat structs of strings to memory cannot fail.
        let _ = match (has_folds, has_patients) {
            (false, false) => writer.serialize(line),
            (true, false) => writer.serialize((line, folds)),
            (false, true) => writer.serialize((line, patient)),
            (true, true) => writer.serialize((line, folds, patient)),
        };
    }
    writer.into_inner().unwrap_or_default()
}

/// Reads a manifest, with or without folds.
pub fn read(path: &Path, classes: ClassList) -> Result<Vec<Row>> {
    let bytes = reading::read(path, reading::MAX_TABLE)?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let line_of = |at: &csv::Position| Lines::of(&bytes).at(at.byte());
    let wrong = |error: csv::Error| {
        let number = error.position().map_or(1, line_of);
        not_a_line(path, number, &error.to_string())
    };
    let headers = reader.headers().map_err(wrong)?.clone();
    let parse = |record: csv::Result<StringRecord>| {
        let record = record.map_err(wrong)?;
        row(&record, &headers, classes).map_err(|problem| {
            let number = record.position().map_or(0, line_of);
            not_a_line(path, number, &problem)
        })
    };
    reader.records().map(parse).collect()
}

fn not_a_line(path: &Path, number: u64, problem: &str) -> Error {
    Error::line(
        path,
        number,
        format!("not a manifest line ({problem})"),
        "Run `skinlesion prepare` again; manifests must not be edited.",
    )
}

/// Parses a line, or returns its problem.
fn row(record: &StringRecord, headers: &StringRecord, classes: ClassList) -> Result<Row, String> {
    let text = |error: csv::Error| error.to_string();
    let line: Line = record.deserialize(Some(headers)).map_err(text)?;
    let columns: FoldColumns = record.deserialize(Some(headers)).map_err(text)?;
    let patient: PatientColumn = record.deserialize(Some(headers)).map_err(text)?;
    let dx = classes.parse(&line.dx).map_err(|error| error.to_string())?;
    Ok(Row {
        split: line.split,
        fold: columns.fold.map(|number| Fold {
            number,
            validates: columns.validates.unwrap_or(true),
        }),
        sample: Sample {
            image_id: line.image_id,
            lesion_id: line.lesion_id,
            patient_id: patient.patient_id,
            dx,
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
    use crate::classes::{ham, ham10000};

    fn row(image: &str, split: Split, fold: Option<Fold>) -> Row {
        Row {
            sample: Sample {
                image_id: image.into(),
                lesion_id: "HAM_1".into(),
                patient_id: String::new(),
                dx: ham("df"),
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

    fn round_trip(rows: &[Row]) -> (String, Vec<Row>) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let bytes = to_csv(rows);
        std::fs::write(&path, &bytes).unwrap();
        let rows = read(&path, ham10000()).unwrap();
        (String::from_utf8(bytes).unwrap(), rows)
    }

    #[test]
    fn a_wrong_line_is_named_whatever_ends_the_lines() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        let text = String::from_utf8(to_csv(&[row("A", Split::Val, None)])).unwrap();
        for end in ["\n", "\r\n", "\r"] {
            for wrong in ["B,x\n", "B,l,nv,,,,,,nowhere\n"] {
                let text = format!("{text}\n{wrong}").replace('\n', end);
                std::fs::write(&path, text).unwrap();
                let error = read(&path, ham10000()).unwrap_err().to_string();
                assert!(error.contains("manifest.csv:4: "), "{error}");
            }
        }
    }

    #[test]
    fn only_datasets_with_folds_have_fold_columns() {
        let fold = |number, validates| Some(Fold { number, validates });
        let plain = [row("A", Split::Val, None)];
        let (text, read) = round_trip(&plain);
        assert!(
            text.starts_with("image_id,lesion_id,dx,dx_type,age,sex,localization,source,split\n")
        );
        assert_eq!(read, plain);

        let with_folds = [
            row("A", Split::Test, None),
            row("B", Split::Train, fold(3, true)),
            row("C", Split::Train, fold(0, false)),
        ];
        let (text, read) = round_trip(&with_folds);
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
        assert_eq!(read, with_folds);
    }
}
