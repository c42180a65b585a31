//! `manifest.csv`: one line for each prepared image, in the order of the pixels.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Part, Sample};
use crate::{Diagnosis, Error, Result};

/// The file's name within a dataset folder.
pub const FILE: &str = "manifest.csv";

/// One line: row `i` (from 0) describes image `i` of `pixels.bin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the metadata says.
    pub sample: Sample,
    /// What it is used for.
    pub split: Part,
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
    split: Part,
}

/// The rows as the bytes of a CSV file.
pub fn to_csv(rows: &[Row]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for Row { sample, split } in rows {
        let sample = sample.clone();
        let line = Line {
            image_id: sample.image_id,
            lesion_id: sample.lesion_id,
            dx: sample.dx,
            dx_type: sample.dx_type,
            age: sample.age,
            sex: sample.sex,
            localization: sample.localization,
            source: sample.source,
            split: *split,
        };
        // Writing flat structs of strings into memory has no way to fail.
        let _ = writer.serialize(line);
    }
    writer.into_inner().unwrap_or_default()
}

/// Reads a manifest.
pub fn read(path: &Path) -> Result<Vec<Row>> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| {
        Error::file(
            path,
            format!("cannot be read ({error})"),
            "Name a folder that `skinlesion prepare` wrote.",
        )
    })?;
    let mut rows = Vec::new();
    for line in reader.deserialize() {
        let line: Line = line.map_err(|error| {
            let number = error.position().map_or(0, csv::Position::line);
            Error::line(
                path,
                number,
                format!("not a manifest line ({error})"),
                "Run `skinlesion prepare` again; a manifest is not meant to be edited.",
            )
        })?;
        rows.push(Row {
            split: line.split,
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
        });
    }
    Ok(rows)
}
