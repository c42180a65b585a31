//! The two forms of metadata, which are distinguished by their headers.

use std::path::Path;

use csv::StringRecord;

use crate::dataset::Sample;
use crate::{Diagnosis, Error, Result};

/// The required columns of HAM10000's form.
const COLUMNS: [&str; 7] = [
    "lesion_id",
    "image_id",
    "dx",
    "dx_type",
    "age",
    "sex",
    "localization",
];

/// The value of a missing sex or localization.
const UNKNOWN: &str = "unknown";

/// A form, with the column index of each field.
pub enum Form {
    /// HAM10000's table: the indices of [`COLUMNS`] and of the optional `dataset` column.
    Table([usize; 7], Option<usize>),
    /// ISIC's one-hot ground truth: the indices of `image` and of the diagnoses, in class order.
    OneHot(usize, [usize; Diagnosis::COUNT]),
}

impl Form {
    /// Detects the form from the header. The error lists missing columns.
    pub fn of(path: &Path, headers: &StringRecord) -> Result<Self> {
        let index = |name: &str| headers.iter().position(|h| h.eq_ignore_ascii_case(name));
        refuse_repeated_columns(path, headers)?;
        if let (Some(image), None) = (index("image"), index("image_id")) {
            let indices = all_indices(Diagnosis::ALL.map(Diagnosis::code), index)
                .map_err(|missing| missing_columns(path, headers, &missing.to_uppercase()))?;
            return Ok(Self::OneHot(image, indices));
        }
        let indices = all_indices(COLUMNS, index)
            .map_err(|missing| missing_columns(path, headers, &missing))?;
        Ok(Self::Table(indices, index("dataset")))
    }

    /// Parses a row. The error describes the invalid field.
    pub fn sample(&self, record: &StringRecord) -> Result<Sample, String> {
        let field = |index: usize| record.get(index).unwrap_or_default().to_owned();
        let sample = match self {
            Self::Table(indices, source) => {
                let [lesion_id, image_id, dx, dx_type, age, sex, localization] = indices.map(field);
                Sample {
                    image_id,
                    lesion_id,
                    dx: dx
                        .trim()
                        .parse()
                        .map_err(|_| format!("unknown dx '{dx}'"))?,
                    dx_type,
                    age,
                    sex: or_unknown(sex),
                    localization: or_unknown(localization),
                    source: source.map(field).unwrap_or_default(),
                }
            }
            Self::OneHot(image, indices) => Sample {
                image_id: field(*image),
                lesion_id: field(*image), // the form has no lesion ids: each image is a lesion
                dx: one_hot(indices.map(field))?,
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
        refuse_impossible(&sample)?;
        Ok(sample)
    }
}

/// The longest text in a field, in bytes. File names, and so image ids, have at most 255.
const MAX_FIELD: usize = 1000;

/// The ages in years that people have reached.
const AGES: std::ops::RangeInclusive<f64> = 0.0..=125.0;

/// Texts that stand for an unknown age, in lower case.
const UNKNOWN_AGES: [&str; 5] = ["", "unknown", "nan", "na", "n/a"];

/// Refuses texts that are no text of a table, and ages that nobody has.
fn refuse_impossible(sample: &Sample) -> Result<(), String> {
    let fields = [
        ("image id", &sample.image_id),
        ("lesion id", &sample.lesion_id),
        ("dx_type", &sample.dx_type),
        ("age", &sample.age),
        ("sex", &sample.sex),
        ("localization", &sample.localization),
        ("dataset", &sample.source),
    ];
    for (name, text) in fields {
        if text.len() > MAX_FIELD {
            return Err(format!(
                "{name} of {} bytes, but at most {MAX_FIELD} are read",
                text.len()
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(format!(
                "{name} '{}' has control characters",
                text.escape_debug()
            ));
        }
    }
    let age = sample.age.to_ascii_lowercase();
    let is_possible = age.parse().is_ok_and(|age: f64| AGES.contains(&age));
    match is_possible || UNKNOWN_AGES.contains(&age.as_str()) {
        true => Ok(()),
        false => Err(format!("'{}' is not an age in years", sample.age)),
    }
}

/// The index of every column; the error lists the missing ones, as "a, b".
fn all_indices<const N: usize>(
    names: [&str; N],
    index: impl Fn(&str) -> Option<usize>,
) -> Result<[usize; N], String> {
    let indices = names.map(&index);
    let missing: Vec<&str> = (0..N)
        .filter(|&i| indices[i].is_none())
        .map(|i| names[i])
        .collect();
    if missing.is_empty() {
        Ok(indices.map(Option::unwrap_or_default))
    } else {
        Err(missing.join(", "))
    }
}

/// Refuses a column that is read and occurs twice: which of the two counts cannot be known.
fn refuse_repeated_columns(path: &Path, headers: &StringRecord) -> Result<()> {
    let classes = Diagnosis::ALL.map(Diagnosis::code);
    for name in COLUMNS
        .into_iter()
        .chain(["image", "dataset"])
        .chain(classes)
    {
        let count = headers
            .iter()
            .filter(|header| header.eq_ignore_ascii_case(name))
            .count();
        if count > 1 {
            return Err(Error::line(
                path,
                1,
                format!("the column {name} occurs {count} times"),
                "Remove or rename all but one.",
            ));
        }
    }
    Ok(())
}

/// The number of columns that a message lists.
const SHOWN_COLUMNS: usize = 30;

fn missing_columns(path: &Path, headers: &StringRecord, missing: &str) -> Error {
    let found: Vec<&str> = headers.iter().take(SHOWN_COLUMNS).collect();
    Error::line(
        path,
        1,
        format!("missing columns: {missing} (found: {})", found.join(", ")),
        format!(
            "Pass HAM10000's metadata ({}) or ISIC's ground truth (image, {}).",
            COLUMNS.join(", "),
            Diagnosis::codes().to_uppercase()
        ),
    )
}

/// The diagnosis whose column is 1. All others must be 0.
fn one_hot(values: [String; Diagnosis::COUNT]) -> Result<Diagnosis, String> {
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
        _ => Err(format!(
            "{} diagnoses are 1, but exactly one must be",
            marked.len()
        )),
    }
}

fn or_unknown(text: String) -> String {
    if text.is_empty() {
        UNKNOWN.to_owned()
    } else {
        text
    }
}
