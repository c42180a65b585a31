//! Reads several metadata tables as one. An image is in one table with labels only; tables without labels complete the
//! rows of the others. A lesion may be in several tables: it is one lesion, with one diagnosis.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use super::Sample;
use super::findings::{Findings, counted};
use super::label_rules::LabelRules;
use super::labels::{self, Labelled, Named, names, place_of};
use super::metadata::{self, Fields, Metadata, is_unknown};
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
    /// The number of rows that name neither lesion nor patient.
    pub ungrouped: usize,
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
    complete(&mut read, progress)?;
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
    let is_ungrouped = |row: &&Row| {
        let sample = &row.sample;
        sample.lesion_id == sample.image_id && sample.patient_id.is_empty()
    };
    Ok(Tables {
        classes,
        ungrouped: rows.iter().filter(is_ungrouped).count(),
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

/// Fills what the rows with labels lack from the tables without. Warns of a table that completes no row.
///
/// # Errors
/// There is no table with labels, or two tables tell different things of an image.
fn complete(tables: &mut [(String, Metadata)], progress: &dyn Progress) -> Result<()> {
    let labelled = tables.iter().filter(|(_, table)| !table.completes_others);
    let labelled: HashSet<&str> = labelled
        .flat_map(|(_, table)| table.rows.iter().map(|row| row.fields.image_id.as_str()))
        .collect();
    let known = known_fields(tables, &labelled)?;
    for (name, table) in tables.iter().filter(|(_, table)| table.completes_others) {
        let ids = table.rows.iter().map(|row| row.fields.image_id.as_str());
        if !labelled.is_empty() && !ids.into_iter().any(|id| labelled.contains(id)) {
            progress.warn(&format!(
                "{name} completes no row: it names none of the images that have a label"
            ));
        }
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
    // Of what splits are drawn by.
    let groups = |column: &str| ["lesion_id", "patient_id"].contains(&column);
    let (mut problems, mut names) = (Findings::default(), Vec::new());
    for (name, table) in tables
        .iter_mut()
        .filter(|(_, table)| !table.completes_others)
    {
        names.push(name.as_str());
        for row in &mut table.rows {
            if let Some(more) = known.get(&row.fields.image_id) {
                for problem in contradictions(&mut row.fields, more, groups) {
                    problems.add(format!("{name} line {}: {problem}", row.line));
                }
                fill(&mut row.fields, more);
            }
        }
    }
    refuse_contradictions(&problems, &names)
}

/// What the tables without labels tell of each image that has a label.
///
/// # Errors
/// Two tables tell different things of an image: which one counts must not depend on their order.
fn known_fields(
    tables: &[(String, Metadata)],
    labelled: &HashSet<&str>,
) -> Result<HashMap<String, Fields>> {
    let mut known: HashMap<String, Fields> = HashMap::new();
    let mut problems = Findings::default();
    let completing = tables.iter().filter(|(_, table)| table.completes_others);
    let names: Vec<&str> = completing.clone().map(|(name, _)| name.as_str()).collect();
    for (name, table) in completing {
        let rows = table.rows.iter();
        for row in rows.filter(|row| labelled.contains(row.fields.image_id.as_str())) {
            let more = &row.fields;
            match known.entry(more.image_id.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(more.clone());
                }
                Entry::Occupied(mut entry) => {
                    for problem in contradictions(entry.get_mut(), more, |_| true) {
                        problems.add(format!("{name} line {}: {problem}", row.line));
                    }
                    for (_, earlier, value) in pairs(entry.get_mut(), more) {
                        // Of two forms of a value the same, whatever the order of the tables.
                        if is_unknown(earlier) || (!is_unknown(value) && value < earlier) {
                            earlier.clone_from(value);
                        }
                    }
                }
            }
        }
    }
    refuse_contradictions(&problems, &names)?;
    Ok(known)
}

fn refuse_contradictions(problems: &Findings, names: &[&str]) -> Result<()> {
    problems.refuse(
        names.join(", "),
        |count| format!("{} between tables", counted(count, "contradiction")),
        "Correct the values, or leave one of the tables out.",
    )
}

/// What two tables tell differently of an image, of some columns.
fn contradictions(fields: &mut Fields, more: &Fields, of_column: fn(&str) -> bool) -> Vec<String> {
    let image = more.image_id.clone();
    (pairs(fields, more).into_iter())
        .filter(|(column, earlier, value)| {
            of_column(column)
                && !is_unknown(earlier)
                && !is_unknown(value)
                && !is_same(earlier, value)
        })
        .map(|(column, earlier, value)| {
            format!("{column} of {image} is {value}, but {earlier} in another table")
        })
        .collect()
}

/// The columns that one table may complete in another, with the field of each.
fn pairs<'a>(
    fields: &'a mut Fields,
    more: &'a Fields,
) -> [(&'static str, &'a mut String, &'a String); 7] {
    [
        ("lesion_id", &mut fields.lesion_id, &more.lesion_id),
        ("patient_id", &mut fields.patient_id, &more.patient_id),
        ("dx_type", &mut fields.dx_type, &more.dx_type),
        ("age", &mut fields.age, &more.age),
        ("sex", &mut fields.sex, &more.sex),
        ("localization", &mut fields.localization, &more.localization),
        ("dataset", &mut fields.source, &more.source),
    ]
}

fn fill(fields: &mut Fields, more: &Fields) {
    for (_, field, more) in pairs(fields, more) {
        if is_unknown(field) {
            field.clone_from(more);
        }
    }
}

/// Whether two texts are the same value: 60 and 60.0 are, and Male and male.
fn is_same(a: &str, b: &str) -> bool {
    let numbers = a.parse().ok().zip(b.parse().ok());
    a.eq_ignore_ascii_case(b) || numbers.is_some_and(|(a, b): (f64, f64)| a == b)
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
