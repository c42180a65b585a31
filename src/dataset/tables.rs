//! Reads several metadata tables as one. An image is in one table only. A lesion may be in several: it is one lesion, with
//! one diagnosis.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Sample;
use super::findings::{Findings, counted};
use super::metadata;
use crate::progress::Progress;
use crate::{Result, files};

/// A metadata table to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its file, in a form that [`metadata::read`] reads.
    pub file: PathBuf,
    /// The source of its rows that name none; empty for none.
    pub source: String,
}

/// The checked rows of all tables.
#[derive(Debug)]
pub struct Tables {
    /// The rows, sorted by image id: neither the order of the tables nor that of their rows matters.
    pub rows: Vec<Row>,
    /// The number of rows in the files.
    pub rows_read: usize,
    /// The number of rows left out because they repeat an earlier row.
    pub repeated: usize,
    /// SHA-256 of the file's bytes. Of several files: the digest over their digests (as hexadecimal text), sorted.
    pub sha256: String,
}

/// A row and its place, for messages.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line, such as `line 12`; of several tables with the file: `isic.csv line 12`.
    pub place: String,
    /// The contents of the row.
    pub sample: Sample,
}

/// Reads tables. Warns of a source that is not used, because every row of its table names another.
///
/// # Errors
/// Those of [`metadata::read`], an image id in two tables, or a lesion with another diagnosis in another table.
pub fn read(tables: &[Table], progress: &dyn Progress) -> Result<Tables> {
    let (mut rows, mut digests) = (Vec::new(), Vec::new());
    let (mut rows_read, mut repeated) = (0, 0);
    for table in tables {
        let mut metadata = metadata::read(&table.file)?;
        name_source(table, &mut metadata.rows, progress);
        let place = |line: u64| match tables.len() {
            1 => format!("line {line}"),
            _ => format!("{} line {line}", table.file.display()),
        };
        rows.extend(metadata.rows.into_iter().map(|row| Row {
            place: place(row.line),
            sample: row.sample,
        }));
        rows_read += metadata.rows_read;
        repeated += metadata.repeated;
        digests.push(metadata.sha256);
    }
    rows.sort_by(|a, b| a.sample.image_id.cmp(&b.sample.image_id));
    refuse_shared_images(tables, &rows)?;
    refuse_two_diagnoses(tables, &rows)?;
    Ok(Tables {
        rows,
        rows_read,
        repeated,
        sha256: digest(digests),
    })
}

/// Gives the rows without a source that of their table.
fn name_source(table: &Table, rows: &mut [metadata::Row], progress: &dyn Progress) {
    if rows.iter().all(|row| {
        let source = &row.sample.source;
        !source.is_empty() && *source != table.source
    }) && !table.source.is_empty()
    {
        progress.warn(&format!(
            "--source {} is not used: the dataset column of {} names another source in every row",
            table.source,
            table.file.display()
        ));
    }
    for row in rows {
        if row.sample.source.is_empty() {
            row.sample.source.clone_from(&table.source);
        }
    }
}

fn refuse_shared_images(tables: &[Table], rows: &[Row]) -> Result<()> {
    let mut problems = Findings::default();
    for pair in rows.windows(2) {
        let [a, b] = pair else { continue };
        if a.sample.image_id == b.sample.image_id {
            problems.add(format!(
                "{}: {} and {}",
                a.sample.image_id, a.place, b.place
            ));
        }
    }
    problems.refuse(
        names(tables),
        |count| format!("{} in two tables", counted(count, "image id")),
        "Each image must be in one table. Remove its row from the others, or rename the image if it is another.",
    )
}

fn refuse_two_diagnoses(tables: &[Table], rows: &[Row]) -> Result<()> {
    let mut first_of: BTreeMap<&str, &Row> = BTreeMap::new();
    let mut problems = Findings::default();
    for row in rows {
        let first = *first_of.entry(&row.sample.lesion_id).or_insert(row);
        if first.sample.dx != row.sample.dx {
            problems.add(format!(
                "{}: {} in {} and {} in {}",
                row.sample.lesion_id, first.sample.dx, first.place, row.sample.dx, row.place
            ));
        }
    }
    problems.refuse(
        names(tables),
        |count| format!("{} with another diagnosis than their lesion in another table", counted(count, "row")),
        "A lesion id in two tables is one lesion, with one diagnosis. Correct dx, or rename the lesions of one table.",
    )
}

fn digest(mut digests: Vec<String>) -> String {
    if digests.len() == 1 {
        return digests.remove(0);
    }
    digests.sort_unstable();
    files::sha256(digests.concat().as_bytes())
}

fn names(tables: &[Table]) -> String {
    let names: Vec<String> = (tables.iter())
        .map(|table| table.file.display().to_string())
        .collect();
    names.join(", ")
}
