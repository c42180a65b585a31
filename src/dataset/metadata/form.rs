//! The two forms of metadata, told apart by their headers.

use std::path::Path;

use csv::StringRecord;

use crate::dataset::Sample;
use crate::{Diagnosis, Error, Result};

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
const UNKNOWN: &str = "unknown";

/// Where each field of a row stands.
pub enum Form {
    /// HAM10000's table: the places of [`COLUMNS`] and of `dataset`, if there is one.
    Table([usize; 7], Option<usize>),
    /// ISIC's one-hot ground truth: the places of `image` and of the diagnoses, in class order.
    OneHot(usize, [usize; Diagnosis::COUNT]),
}

impl Form {
    /// Finds the form by the header, or says which columns are missing.
    pub fn of(path: &Path, headers: &StringRecord) -> Result<Self> {
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
    pub fn sample(&self, record: &StringRecord) -> Result<Sample, String> {
        let field = |place: usize| record.get(place).unwrap_or_default().to_owned();
        let sample = match self {
            Self::Table(places, source) => {
                let [lesion_id, image_id, dx, dx_type, age, sex, localization] = places.map(field);
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
