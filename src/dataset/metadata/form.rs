//! The form of a table: which column holds what, and a row read by it.

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;

use super::columns::{
    AGE, ALL, DX_TYPE, Field, IMAGE, LABEL, LESION, LOCALIZATION, PATIENT, SEX, SOURCE,
};
use crate::imaging::kind;
use crate::{Error, Result};

/// The value of a missing sex or localization.
const UNKNOWN: &str = "unknown";

/// The label of a row of a one-hot table in which no column is 1.
pub const NONE: &str = "none";

/// The column of a one-hot table whose images have none of its classes.
const UNK: &str = "UNK";

/// The columns of a table.
pub struct Form {
    image: usize,
    labels: Labels,
    lesion: Option<usize>,
    patient: Option<usize>,
    dx_type: Option<usize>,
    age: Option<usize>,
    sex: Option<usize>,
    localization: Option<usize>,
    source: Option<usize>,
}

/// The columns with the label.
enum Labels {
    /// Columns of labels, in the order of [`LABEL`].
    Columns(Vec<usize>),
    /// A column of 0 and 1 for each label.
    OneHot(Vec<(String, usize)>),
    /// None: the table completes others.
    None,
}

/// A row of a table. Empty texts are unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The image's name without folder and extension.
    pub image_id: String,
    /// The label in each column of labels; none in a table that completes others.
    pub labels: Vec<String>,
    /// The lesion.
    pub lesion_id: String,
    /// The patient.
    pub patient_id: String,
    /// How the diagnosis was made.
    pub dx_type: String,
    /// The age in years, as written.
    pub age: String,
    /// The sex; `unknown` if not known.
    pub sex: String,
    /// The body site; `unknown` if not known.
    pub localization: String,
    /// The collection.
    pub source: String,
}

impl Fields {
    /// An image of which only the label is known.
    ///
    /// # Errors
    /// Names that no text of a table may be.
    pub fn of_image(image_id: String, label: &str) -> Result<Self, String> {
        let fields = Self {
            image_id,
            labels: vec![label.to_owned()],
            lesion_id: String::new(),
            patient_id: String::new(),
            dx_type: String::new(),
            age: String::new(),
            sex: UNKNOWN.to_owned(),
            localization: UNKNOWN.to_owned(),
            source: String::new(),
        };
        refuse_impossible(&fields)?;
        Ok(fields)
    }
}

impl Form {
    /// Finds the columns from the header and the rows below it.
    ///
    /// # Errors
    /// No column of images, a column that occurs twice, or neither labels nor anything else of an image.
    pub fn of(path: &Path, headers: &StringRecord, rows: &[StringRecord]) -> Result<Self> {
        refuse_repeated_columns(path, headers)?;
        let image = IMAGE.index(headers);
        let image = image.ok_or_else(|| missing(path, headers, &IMAGE))?;
        let index = |field: &Field| field.index(headers);
        let form = Self {
            image,
            labels: labels(headers, rows),
            lesion: index(&LESION),
            patient: index(&PATIENT),
            dx_type: index(&DX_TYPE),
            age: index(&AGE),
            sex: index(&SEX),
            localization: index(&LOCALIZATION),
            source: index(&SOURCE),
        };
        let completes = [
            form.lesion,
            form.patient,
            form.age,
            form.sex,
            form.localization,
        ];
        if matches!(form.labels, Labels::None) && completes.iter().all(Option::is_none) {
            return Err(missing(path, headers, &LABEL));
        }
        Ok(form)
    }

    /// Whether the table has no labels, and completes the rows of others.
    pub fn completes_others(&self) -> bool {
        matches!(self.labels, Labels::None)
    }

    /// Parses a row. The error describes the invalid field.
    pub fn fields(&self, record: &StringRecord) -> Result<Fields, String> {
        let field = |index: usize| record.get(index).unwrap_or_default().to_owned();
        let text = |index: Option<usize>| index.map(field).unwrap_or_default();
        let fields = Fields {
            image_id: image_id(record.get(self.image).unwrap_or_default()),
            labels: match &self.labels {
                Labels::Columns(columns) => columns.iter().map(|&column| field(column)).collect(),
                Labels::OneHot(columns) => vec![one_hot(columns, record)?],
                Labels::None => Vec::new(),
            },
            lesion_id: known(text(self.lesion)),
            patient_id: known(text(self.patient)),
            dx_type: text(self.dx_type),
            age: text(self.age),
            sex: or_unknown(text(self.sex)),
            localization: or_unknown(text(self.localization)),
            source: text(self.source),
        };
        if fields.image_id.is_empty() {
            return Err("no image id".to_owned());
        }
        refuse_impossible(&fields)?;
        Ok(fields)
    }
}

/// The columns with labels: those with a name of [`LABEL`], else the one-hot columns: all that are no other field and
/// are 0 or 1 in at least half of the rows. A wrong cell is then reported, and does not drop its class.
fn labels(headers: &StringRecord, rows: &[StringRecord]) -> Labels {
    let index = |name: &&str| headers.iter().position(|h| h.eq_ignore_ascii_case(name));
    let named: Vec<usize> = LABEL.columns.iter().filter_map(index).collect();
    if !named.is_empty() {
        return Labels::Columns(named);
    }
    let is_field = |header: &str| {
        let is = |name: &&str| header.eq_ignore_ascii_case(name);
        ALL.iter().any(|field| field.columns.iter().any(is))
    };
    let is_one_hot = |index: usize| {
        let bits = (rows.iter()).filter(|row| bit(row.get(index)).is_some());
        2 * bits.count() >= rows.len()
    };
    let columns: Vec<(String, usize)> = (headers.iter().zip(0..))
        .filter(|&(header, index)| !is_field(header) && is_one_hot(index))
        .map(|(header, index)| (header.to_owned(), index))
        .collect();
    match columns.len() {
        0 | 1 => Labels::None,
        _ => Labels::OneHot(columns),
    }
}

/// 0 or 1.
fn bit(text: Option<&str>) -> Option<bool> {
    match text?.parse::<f64>() {
        Ok(1.0) => Some(true),
        Ok(0.0) => Some(false),
        _ => None,
    }
}

/// The name of the column that is 1. All others must be 0.
fn one_hot(columns: &[(String, usize)], record: &StringRecord) -> Result<String, String> {
    let mut marked = Vec::new();
    for (name, index) in columns {
        let text = record.get(*index);
        match bit(text) {
            Some(true) => marked.push(name),
            Some(false) => {}
            None => {
                let text = text.unwrap_or_default();
                return Err(format!("'{text}' for {name} is neither 0 nor 1"));
            }
        }
    }
    match marked[..] {
        [name] => Ok(name.clone()),
        [] => Ok(NONE.to_owned()),
        _ => Err(format!(
            "{} diagnoses are 1, but exactly one must be",
            marked.len()
        )),
    }
}

/// Whether a label says that an image has none of a table's classes.
pub fn is_unk(label: &str) -> bool {
    label.eq_ignore_ascii_case(UNK)
}

/// The name of an image without folder and extension.
fn image_id(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, _)) if kind::is_read(Path::new(name)) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// The longest text in a field, in bytes. File names, and so image ids, have at most 255.
const MAX_FIELD: usize = 1000;

/// The ages in years that people have reached.
const AGES: std::ops::RangeInclusive<f64> = 0.0..=125.0;

/// Texts that stand for an unknown value, in lower case.
const UNKNOWN_TEXTS: [&str; 5] = ["", "unknown", "nan", "na", "n/a"];

/// Refuses control characters in the texts of a row, and impossible ages.
fn refuse_impossible(fields: &Fields) -> Result<(), String> {
    let texts = [
        ("image id", &fields.image_id),
        ("lesion id", &fields.lesion_id),
        ("patient id", &fields.patient_id),
        ("dx_type", &fields.dx_type),
        ("age", &fields.age),
        ("sex", &fields.sex),
        ("localization", &fields.localization),
        ("dataset", &fields.source),
    ];
    let labels = fields.labels.iter().map(|label| ("label", label));
    for (name, text) in texts.into_iter().chain(labels) {
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
    let is_possible = (fields.age.parse()).is_ok_and(|age: f64| AGES.contains(&age));
    match is_possible || is_unknown(&fields.age) {
        true => Ok(()),
        false => Err(format!("'{}' is not an age in years", fields.age)),
    }
}

/// Whether a text stands for an unknown value.
pub fn is_unknown(text: &str) -> bool {
    UNKNOWN_TEXTS.contains(&text.to_ascii_lowercase().as_str())
}

/// Refuses a column that occurs twice: which of the two counts cannot be known.
fn refuse_repeated_columns(path: &Path, headers: &StringRecord) -> Result<()> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in headers.iter().filter(|name| !name.is_empty()) {
        *counts.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    let mut names = headers.iter();
    let repeated = names.find(|name| counts.get(&name.to_ascii_lowercase()) > Some(&1));
    let Some(name) = repeated else {
        return Ok(());
    };
    let count = counts[&name.to_ascii_lowercase()];
    Err(Error::line(
        path,
        1,
        format!("the column {name} occurs {count} times"),
        "Remove or rename all but one.",
    ))
}

/// The number of columns that a message lists.
const SHOWN_COLUMNS: usize = 30;

fn missing(path: &Path, headers: &StringRecord, field: &Field) -> Error {
    let found: Vec<&str> = headers.iter().take(SHOWN_COLUMNS).collect();
    let what = match field.name {
        name if name == IMAGE.name => "images",
        _ => "labels",
    };
    Error::line(
        path,
        1,
        format!("no column of {what} (found: {})", found.join(", ")),
        format!(
            "Its name is one of {}. docs/datasets.md lists the forms of tables that are read.",
            field.columns.join(", ")
        ),
    )
}

/// An id; empty if it stands for an unknown one, so that images without an id are not taken for one lesion or patient.
fn known(id: String) -> String {
    match is_unknown(&id) {
        true => String::new(),
        false => id,
    }
}

fn or_unknown(text: String) -> String {
    if text.is_empty() {
        UNKNOWN.to_owned()
    } else {
        text
    }
}
