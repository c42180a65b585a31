//! The metadata file → checked rows. Two forms are read: HAM10000's table (comma or tab, with or without
//! the `dataset` column) and ISIC's one-hot ground truth (`image,MEL,NV,BCC,AKIEC,BKL,DF,VASC`).

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;

use super::Sample;
use super::findings::{Findings, counted};
use crate::{Diagnosis, Error, Result, files};

/// The columns that HAM10000's form must have.
const COLUMNS: [&str; 7] = [
    "lesion_id",
    "image_id",
    "dx",
    "dx_type",
    "age",
    "sex",
    "localization",
];

/// What is written where the metadata says nothing of sex or localization.
pub const UNKNOWN: &str = "unknown";

/// A metadata file after its checks: image ids are unique, and each lesion has one diagnosis.
#[derive(Debug)]
pub struct Metadata {
    /// The rows, by image id: their order in the file never matters.
    pub rows: Vec<Row>,
    /// Rows in the file.
    pub rows_read: usize,
    /// Rows left out because an equal row stands before them.
    pub repeated: usize,
    /// SHA-256 of the file's bytes.
    pub sha256: String,
}

/// A row and the line of the file it begins on, counted from 1.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line.
    pub line: u64,
    /// What the row says.
    pub sample: Sample,
}

/// Reads a metadata file of either form.
///
/// # Errors
/// Names the rows: missing columns, an unknown diagnosis, a row without id, an image id twice with
/// different contents, a lesion with two diagnoses, no row at all.
pub fn read(path: &Path) -> Result<Metadata> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count() as u64;
        Error::line(
            path,
            line + 1,
            "not UTF-8 text",
            "Give the metadata as a CSV file saved as UTF-8.",
        )
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let rows = parse(path, text)?;
    let rows_read = rows.len();
    let rows = without_repeats(path, rows)?;
    refuse_two_diagnoses(path, &rows)?;
    Ok(Metadata {
        repeated: rows_read - rows.len(),
        rows,
        rows_read,
        sha256: files::sha256(&bytes),
    })
}

/// All rows, in the file's order.
fn parse(path: &Path, text: &str) -> Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(unreadable(path))?.clone();
    let form = Form::of(path, &headers)?;

    let (mut rows, mut faults) = (Vec::new(), Findings::default());
    for record in reader.records() {
        let record = record.map_err(unreadable(path))?;
        let line = line_of(&record);
        match form.sample(&record) {
            Ok(sample) => rows.push(Row { line, sample }),
            Err(fault) => faults.add(format!("line {line}: {fault}")),
        }
    }
    faults.refuse(
        path.display().to_string(),
        |count| format!("{} cannot be used", counted(count, "row")),
        &format!(
            "Correct or remove them. The diagnoses are {}.",
            Diagnosis::codes()
        ),
    )?;
    if rows.is_empty() {
        return Err(Error::file(
            path,
            "no rows below the header",
            "Give the metadata of the images, one row an image.",
        ));
    }
    Ok(rows)
}

/// The separator: whichever of comma, tab and semicolon the header has most of.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |mark: &u8| header.bytes().filter(|byte| byte == mark).count();
    [b';', b'\t', b',']
        .into_iter()
        .max_by_key(count)
        .unwrap_or(b',')
}

fn line_of(record: &StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

fn unreadable(path: &Path) -> impl Fn(csv::Error) -> Error {
    move |error| {
        let remedy = "Every row needs as many fields as the header; quotes must be closed.";
        match error.kind() {
            csv::ErrorKind::UnequalLengths {
                pos: Some(position),
                expected_len,
                len,
            } => Error::line(
                path,
                position.line(),
                format!("{len} fields where the header has {expected_len}"),
                remedy,
            ),
            _ => Error::file(path, format!("cannot be read as CSV ({error})"), remedy),
        }
    }
}

/// Where each field of a row stands.
enum Form {
    /// HAM10000's table: the places of [`COLUMNS`] and of `dataset`, if there is one.
    Table([usize; 7], Option<usize>),
    /// ISIC's one-hot ground truth: the places of `image` and of the diagnoses, in class order.
    OneHot(usize, [usize; Diagnosis::COUNT]),
}

impl Form {
    fn of(path: &Path, headers: &StringRecord) -> Result<Self> {
        let place = |name: &str| headers.iter().position(|h| h.eq_ignore_ascii_case(name));
        if let (Some(image), None) = (place("image"), place("image_id")) {
            let places = all_places(Diagnosis::ALL.map(Diagnosis::code), place)
                .map_err(|missing| missing_columns(path, headers, &missing.to_uppercase()))?;
            return Ok(Self::OneHot(image, places));
        }
        let places = all_places(COLUMNS, place)
            .map_err(|missing| missing_columns(path, headers, &missing))?;
        Ok(Self::Table(places, place("dataset")))
    }

    /// A row as a sample, or what is wrong with it.
    fn sample(&self, record: &StringRecord) -> Result<Sample, String> {
        let field = |place: usize| record.get(place).unwrap_or_default().to_owned();
        let sample = match self {
            Self::Table(places, source) => {
                let [lesion_id, image_id, dx, dx_type, age, sex, localization] = places.map(field);
                Sample {
                    image_id,
                    lesion_id,
                    dx: dx.parse().map_err(|_| format!("unknown dx '{dx}'"))?,
                    dx_type,
                    age,
                    sex: or_unknown(sex),
                    localization: or_unknown(localization),
                    source: source.map(field).unwrap_or_default(),
                }
            }
            Self::OneHot(image, places) => Sample {
                image_id: field(*image),
                lesion_id: field(*image), // nothing is known of lesions: each image is its own
                dx: the_one(places.map(field))?,
                dx_type: String::new(),
                age: String::new(),
                sex: UNKNOWN.to_owned(),
                localization: UNKNOWN.to_owned(),
                source: String::new(),
            },
        };
        if sample.image_id.is_empty() {
            return Err("no image id".to_owned());
        }
        if sample.lesion_id.is_empty() {
            return Err("no lesion id".to_owned());
        }
        Ok(sample)
    }
}

/// The place of every name, or the names that have none, as "a, b".
fn all_places<const N: usize>(
    names: [&str; N],
    place: impl Fn(&str) -> Option<usize>,
) -> Result<[usize; N], String> {
    let places = names.map(&place);
    let missing: Vec<&str> = (0..N)
        .filter(|&i| places[i].is_none())
        .map(|i| names[i])
        .collect();
    if missing.is_empty() {
        Ok(places.map(Option::unwrap_or_default))
    } else {
        Err(missing.join(", "))
    }
}

fn missing_columns(path: &Path, headers: &StringRecord, missing: &str) -> Error {
    let found: Vec<&str> = headers.iter().collect();
    Error::line(
        path,
        1,
        format!("missing columns: {missing} (found: {})", found.join(", ")),
        format!(
            "Give HAM10000's metadata ({}) or ISIC's ground truth (image, {}).",
            COLUMNS.join(", "),
            Diagnosis::codes().to_uppercase()
        ),
    )
}

/// The diagnosis whose column holds 1 where all others hold 0.
fn the_one(values: [String; Diagnosis::COUNT]) -> Result<Diagnosis, String> {
    let mut marked = Vec::new();
    for (diagnosis, value) in Diagnosis::ALL.into_iter().zip(&values) {
        match value.parse::<f64>() {
            Ok(1.0) => marked.push(diagnosis),
            Ok(0.0) => {}
            _ => return Err(format!("'{value}' for {diagnosis} is neither 0 nor 1")),
        }
    }
    match marked[..] {
        [diagnosis] => Ok(diagnosis),
        _ => Err(format!("{} diagnoses are marked", marked.len())),
    }
}

fn or_unknown(text: String) -> String {
    if text.is_empty() {
        UNKNOWN.to_owned()
    } else {
        text
    }
}

/// The rows by image id, equal ones once. Two rows of one image that differ are refused.
fn without_repeats(path: &Path, rows: Vec<Row>) -> Result<Vec<Row>> {
    let mut kept: BTreeMap<String, Row> = BTreeMap::new();
    let mut faults = Findings::default();
    for row in rows {
        let Some(first) = kept.get(&row.sample.image_id) else {
            kept.insert(row.sample.image_id.clone(), row);
            continue;
        };
        if let Some((column, one, other)) = difference(&first.sample, &row.sample) {
            faults.add(format!(
                "lines {} and {}: {} has {column} '{one}' and '{other}'",
                first.line, row.line, row.sample.image_id
            ));
        }
    }
    faults.refuse(
        path.display().to_string(),
        |count| format!("{} again with other contents", counted(count, "image id")),
        "An image has one row: remove the wrong ones.",
    )?;
    Ok(kept.into_values().collect())
}

/// The first column in which two rows of one image differ, labels first.
fn difference<'a>(a: &'a Sample, b: &'a Sample) -> Option<(&'static str, &'a str, &'a str)> {
    [
        ("dx", a.dx.code(), b.dx.code()),
        ("lesion_id", &a.lesion_id, &b.lesion_id),
        ("dx_type", &a.dx_type, &b.dx_type),
        ("age", &a.age, &b.age),
        ("sex", &a.sex, &b.sex),
        ("localization", &a.localization, &b.localization),
        ("dataset", &a.source, &b.source),
    ]
    .into_iter()
    .find(|(_, a, b)| a != b)
}

fn refuse_two_diagnoses(path: &Path, rows: &[Row]) -> Result<()> {
    let mut first_of: BTreeMap<&str, &Row> = BTreeMap::new();
    let mut faults = Findings::default();
    for row in rows {
        let first = *first_of.entry(&row.sample.lesion_id).or_insert(row);
        if first.sample.dx != row.sample.dx {
            faults.add(format!(
                "lines {} and {}: {} is {} and {}",
                first.line, row.line, row.sample.lesion_id, first.sample.dx, row.sample.dx
            ));
        }
    }
    faults.refuse(
        path.display().to_string(),
        |count| {
            format!(
                "{} against the diagnosis of their lesion",
                counted(count, "row")
            )
        },
        "A lesion has one diagnosis: correct dx or lesion_id.",
    )
}
