//! Reads several metadata tables as one. An image is in one table with labels only; tables without labels complete the
//! rows of the others. A lesion may be in several tables: it is one lesion, with one diagnosis.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::Sample;
use super::findings::{Findings, counted};
use super::label_rules::LabelRules;
use super::labels::{self, Labelled, Named, names, place_of};
use super::metadata::{self, Fields, Metadata};
use crate::progress::Progress;
use crate::{ClassList, Error, Result, files};

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
    /// The classes.
    pub classes: ClassList,
    /// The rows, sorted by image id: neither the order of the tables nor that of their rows matters.
    pub rows: Vec<Row>,
    /// The number of rows in the files with labels.
    pub rows_read: usize,
    /// The number of rows left out because they repeat an earlier row.
    pub repeated: usize,
    /// Whether any row names its lesion or patient.
    pub has_groups: bool,
    /// The number of rows left out by label.
    pub dropped: BTreeMap<String, usize>,
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

/// Reads tables. Warns of a source that is not used, because every row of its table names another, and of images whose
/// lesion and patient are unknown.
///
/// # Errors
/// Those of [`metadata::read`] and [`join`].
pub fn read(tables: &[Table], rules: &LabelRules, progress: &dyn Progress) -> Result<Tables> {
    let mut read = Vec::new();
    for table in tables {
        let mut metadata = metadata::read(&table.file)?;
        if !metadata.completes_others {
            name_source(table, &mut metadata.rows, progress);
        }
        read.push((table.file.display().to_string(), metadata));
    }
    complete(&mut read)?;
    join(read, rules)
}

/// The rows of tables by class, checked together.
///
/// # Errors
/// Those of [`labels::label`], an image id in two tables, or a lesion with two diagnoses.
pub fn join(read: Vec<(String, Metadata)>, rules: &LabelRules) -> Result<Tables> {
    let named: Vec<Named> = (read.iter())
        .map(|(name, metadata)| (name.clone(), metadata))
        .collect();
    let Labelled {
        classes,
        rows: labelled,
        dropped,
    } = labels::label(&named, rules)?;
    let mut rows = Vec::new();
    for ((name, table), labels) in named.iter().zip(labelled) {
        for (row, class) in table.rows.iter().zip(labels) {
            let Some(dx) = class else { continue };
            rows.push(Row {
                place: place_of(&named, name, row),
                sample: sample(row.fields.clone(), dx),
            });
        }
    }
    rows.sort_by(|a, b| a.sample.image_id.cmp(&b.sample.image_id));
    refuse_shared_images(&named, &rows)?;
    refuse_two_diagnoses(&named, &rows)?;
    let (repeated, rows_read) = (named.iter())
        .filter(|(_, table)| !table.completes_others)
        .fold((0, 0), |(repeated, read), (_, table)| {
            (repeated + table.repeated, read + table.rows_read)
        });
    let is_grouped = |row: &Row| {
        let sample = &row.sample;
        sample.lesion_id != sample.image_id || !sample.patient_id.is_empty()
    };
    Ok(Tables {
        classes,
        has_groups: rows.iter().any(is_grouped),
        rows,
        rows_read,
        repeated,
        dropped,
        sha256: digest(read.into_iter().map(|(_, table)| table.sha256).collect()),
    })
}

/// A row with its class. An image whose lesion is unknown is a lesion of its own.
fn sample(fields: Fields, dx: crate::Class) -> Sample {
    let lesion_id = match fields.lesion_id.is_empty() {
        true => fields.image_id.clone(),
        false => fields.lesion_id,
    };
    Sample {
        image_id: fields.image_id,
        lesion_id,
        patient_id: fields.patient_id,
        dx,
        dx_type: fields.dx_type,
        age: fields.age,
        sex: fields.sex,
        localization: fields.localization,
        source: fields.source,
    }
}

/// Fills what the rows with labels lack from the tables without.
///
/// # Errors
/// There is no table with labels.
fn complete(tables: &mut [(String, Metadata)]) -> Result<()> {
    let mut known: HashMap<String, Fields> = HashMap::new();
    for (_, table) in tables.iter().filter(|(_, table)| table.completes_others) {
        let fields = table.rows.iter().map(|row| row.fields.clone());
        known.extend(fields.map(|fields| (fields.image_id.clone(), fields)));
    }
    if tables.iter().all(|(_, table)| table.completes_others) {
        let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Error::input(
            names.join(", "),
            "no column of labels",
            format!(
                "Its name is one of {}. Pass the table with the labels with another --metadata.",
                metadata::LABEL.columns.join(", ")
            ),
        ));
    }
    for (_, table) in tables
        .iter_mut()
        .filter(|(_, table)| !table.completes_others)
    {
        for row in &mut table.rows {
            if let Some(more) = known.get(&row.fields.image_id) {
                fill(&mut row.fields, more);
            }
        }
    }
    Ok(())
}

fn fill(fields: &mut Fields, more: &Fields) {
    let pairs = [
        (&mut fields.lesion_id, &more.lesion_id),
        (&mut fields.patient_id, &more.patient_id),
        (&mut fields.dx_type, &more.dx_type),
        (&mut fields.age, &more.age),
        (&mut fields.sex, &more.sex),
        (&mut fields.localization, &more.localization),
        (&mut fields.source, &more.source),
    ];
    for (field, more) in pairs {
        if field.is_empty() || field == "unknown" {
            field.clone_from(more);
        }
    }
}

/// Gives the rows without a source that of their table.
fn name_source(table: &Table, rows: &mut [metadata::Row], progress: &dyn Progress) {
    if rows.iter().all(|row| {
        let source = &row.fields.source;
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
        if row.fields.source.is_empty() {
            row.fields.source.clone_from(&table.source);
        }
    }
}

fn refuse_shared_images(tables: &[Named], rows: &[Row]) -> Result<()> {
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

fn refuse_two_diagnoses(tables: &[Named], rows: &[Row]) -> Result<()> {
    let mut first_of: BTreeMap<&str, &Row> = BTreeMap::new();
    let mut problems = Findings::default();
    for row in rows {
        let first = *first_of.entry(&row.sample.lesion_id).or_insert(row);
        if first.sample.dx != row.sample.dx {
            problems.add(format!(
                "{} and {}: {} is {} and {}",
                first.place, row.place, row.sample.lesion_id, first.sample.dx, row.sample.dx
            ));
        }
    }
    problems.refuse(
        names(tables),
        |count| {
            format!(
                "{} with another diagnosis than their lesion",
                counted(count, "row")
            )
        },
        "Each lesion must have one diagnosis, also in several tables. Correct the label or lesion_id.",
    )
}

fn digest(mut digests: Vec<String>) -> String {
    if digests.len() == 1 {
        return digests.remove(0);
    }
    digests.sort_unstable();
    files::sha256(digests.concat().as_bytes())
}
