//! Reads and checks a metadata file: a table separated by commas, tabs or semicolons, with a column of labels
//! (HAM10000, ISIC archive, PAD-UFES-20, …), with a column for each label (the ground truth of ISIC's challenges), or
//! without labels (the metadata beside such a ground truth).

mod columns;
mod form;
mod quotes;

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;

pub use self::columns::LABEL;
pub use self::form::{Fields, NONE, is_unk, is_unknown};

use self::form::Form;
use super::findings::{Findings, counted};
use crate::reading::{self, Lines};
use crate::{Error, Result, files};

/// A checked metadata file: image ids are unique.
#[derive(Debug)]
pub struct Metadata {
    /// The rows, sorted by image id: their order in the file does not matter.
    pub rows: Vec<Row>,
    /// The number of rows in the file.
    pub rows_read: usize,
    /// The number of rows left out because they repeat an earlier row.
    pub repeated: usize,
    /// SHA-256 of the file's bytes.
    pub sha256: String,
    /// Whether it has no labels, and completes the rows of other tables.
    pub completes_others: bool,
}

/// A row and the line of the file on which it begins, counted from 1; 0 without a file.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line.
    pub line: u64,
    /// The contents of the row.
    pub fields: Fields,
}

/// Reads a metadata file.
///
/// # Errors
/// Missing columns, a row without id, two rows of one image id that differ, or no rows. The message lists the rows
/// concerned.
pub fn read(path: &Path) -> Result<Metadata> {
    let bytes = reading::read(path, reading::MAX_TABLE)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Error::line(
            path,
            reading::line_of(&bytes, error.valid_up_to()),
            "not UTF-8 text",
            "Save the metadata as a CSV file in UTF-8.",
        )
    })?;
    let text = text.trim_start_matches('\u{feff}');
    quotes::refuse_stray(path, text, delimiter(text))?;
    let (form, rows) = parse(path, text)?;
    let rows_read = rows.len();
    let rows = without_repeats(path, rows)?;
    Ok(Metadata {
        completes_others: form.completes_others(),
        repeated: rows_read - rows.len(),
        rows,
        rows_read,
        sha256: files::sha256(&bytes),
    })
}

/// The form and all rows, in the file's order.
fn parse(path: &Path, text: &str) -> Result<(Form, Vec<Row>)> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(unreadable(path, text))?.clone();
    let records: Vec<StringRecord> = reader
        .records()
        .collect::<csv::Result<_>>()
        .map_err(unreadable(path, text))?;
    if records.is_empty() {
        return Err(Error::file(
            path,
            "no rows below the header",
            "The metadata needs one row per image.",
        ));
    }
    let form = Form::of(path, &headers, &records)?;
    let (mut rows, mut problems) = (Vec::new(), Findings::default());
    let mut lines = Lines::of(text.as_bytes());
    for record in &records {
        let line = record.position().map_or(0, |at| lines.at(at.byte()));
        match form.fields(record) {
            Ok(fields) => rows.push(Row { line, fields }),
            Err(problem) => problems.add(format!("line {line}: {problem}")),
        }
    }
    problems.refuse(
        path.display().to_string(),
        |count| format!("{} cannot be used", counted(count, "row")),
        "Correct or remove these rows.",
    )?;
    Ok((form, rows))
}

/// The separator: the most frequent of comma, tab and semicolon in the header.
fn delimiter(text: &str) -> u8 {
    let header = text.split(['\r', '\n']).next().unwrap_or_default();
    let count = |separator: &u8| header.bytes().filter(|byte| byte == separator).count();
    [b';', b'\t', b',']
        .into_iter()
        .max_by_key(count)
        .unwrap_or(b',')
}

fn unreadable(path: &Path, text: &str) -> impl Fn(csv::Error) -> Error {
    move |error| {
        let remedy = "Every row needs as many fields as the header; quotes must be closed.";
        match error.kind() {
            csv::ErrorKind::UnequalLengths {
                pos: Some(position),
                expected_len,
                len,
            } => Error::line(
                path,
                Lines::of(text.as_bytes()).at(position.byte()),
                format!("{len} fields where the header has {expected_len}"),
                remedy,
            ),
            _ => Error::file(path, format!("cannot be read as CSV ({error})"), remedy),
        }
    }
}

/// The rows by image id, without repeated rows. Two rows of one image that differ are an error.
fn without_repeats(path: &Path, rows: Vec<Row>) -> Result<Vec<Row>> {
    let mut kept: BTreeMap<String, Row> = BTreeMap::new();
    let mut problems = Findings::default();
    for row in rows {
        let Some(first) = kept.get(&row.fields.image_id) else {
            kept.insert(row.fields.image_id.clone(), row);
            continue;
        };
        if let Some((column, one, other)) = difference(&first.fields, &row.fields) {
            problems.add(format!(
                "lines {} and {}: {} has {column} '{one}' and '{other}'",
                first.line, row.line, row.fields.image_id
            ));
        }
    }
    problems.refuse(
        path.display().to_string(),
        |count| {
            format!(
                "{} repeated with different contents",
                counted(count, "image id")
            )
        },
        "Each image must have one row. Remove the wrong rows.",
    )?;
    Ok(kept.into_values().collect())
}

/// The first column in which two rows of one image differ: its name and both values.
fn difference<'a>(a: &'a Fields, b: &'a Fields) -> Option<(&'static str, &'a str, &'a str)> {
    let labels = a.labels.iter().zip(&b.labels);
    let others = [
        ("lesion_id", &a.lesion_id, &b.lesion_id),
        ("patient_id", &a.patient_id, &b.patient_id),
        ("dx_type", &a.dx_type, &b.dx_type),
        ("age", &a.age, &b.age),
        ("sex", &a.sex, &b.sex),
        ("localization", &a.localization, &b.localization),
        ("dataset", &a.source, &b.source),
    ];
    (labels.map(|(a, b)| (LABEL.name, a, b)).chain(others))
        .map(|(column, a, b)| (column, a.as_str(), b.as_str()))
        .find(|(_, a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Metadata> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    fn refused(text: &str) -> String {
        read_text(text).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_cell_of_a_one_hot_table_is_reported_in_any_row_and_drops_no_class() {
        for wrong in ["", "nan", "0.5"] {
            let first = format!("image,MEL,NV\na,{wrong},1\nb,1,0\n");
            let error = refused(&first);
            assert!(
                error.contains(&format!("line 2: '{wrong}' for MEL is neither 0 nor 1")),
                "{error}"
            );
            let last = format!("image,MEL,NV\nb,1,0\na,{wrong},1\n");
            assert!(refused(&last).contains("line 3: "));
        }
        let read = read_text("image,width,MEL,NV\na,1,1,0\nb,640,0,1\nc,640,0,1\n").unwrap();
        let labels: Vec<&str> = (read.rows.iter())
            .map(|row| row.fields.labels[0].as_str())
            .collect();
        assert_eq!(labels, ["MEL", "NV", "NV"], "a number is no label");
    }

    #[test]
    fn ids_that_mean_unknown_name_no_lesion_and_no_patient() {
        for id in ["", "unknown", "NaN", "NA", "n/a"] {
            let text = format!("image_id,dx,lesion_id,patient_id\na,nv,{id},{id}\nb,mel,L,P\n");
            let rows = read_text(&text).unwrap().rows;
            let ids = (rows.iter()).map(|row| [&row.fields.lesion_id, &row.fields.patient_id]);
            assert_eq!(ids.collect::<Vec<_>>(), [["", ""], ["L", "P"]], "{id}");
        }
    }

    #[test]
    fn the_line_of_a_row_is_that_of_editors_whatever_ends_the_lines() {
        let table = ["image_id,dx", "a,nv", "", "b,mel", "c,nv", ""];
        for end in ["\n", "\r\n", "\r"] {
            let text = table.join(end);
            let lines: Vec<u64> = (read_text(&text).unwrap().rows.iter())
                .map(|row| row.line)
                .collect();
            assert_eq!(lines, [2, 4, 5], "{end:?}");
            let error = refused(&text.replace("c,nv", "c"));
            assert!(error.contains("table.csv:5: 1 fields"), "{error}");
            let error = refused(&text.replace("c,nv", "c,\"nv"));
            assert!(error.contains("table.csv:5: a stray quote"), "{error}");
        }
    }
}
