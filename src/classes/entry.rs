//! What a class list says of a class, and which lists are refused.

use serde::{Deserialize, Serialize};

/// The most classes of a list.
pub const MAX_CLASSES: usize = 100;

/// The codes that name melanoma.
pub const MELANOMA: [&str; 2] = ["mel", "melanoma"];

/// Codes that would be mistaken in settings and file names.
const RESERVED: [&str; 4] = ["default", "malignant", "none", "watched"];

/// Other columns of the CSV files that have a column of probabilities for each code: `predictions.csv` and the file of
/// `predict --output`.
const COLUMNS: [&str; 13] = [
    "balanced",
    "class",
    "error",
    "image",
    "image_id",
    "lesion_id",
    "not_a_lesion",
    "not_sure",
    "novelty",
    "patient_id",
    "refer",
    "rule",
    "truth",
];

/// What a list says of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassEntry {
    /// The short code, which tables, files and reports use. Lower-case letters, digits, `_` and `-`.
    pub code: String,
    /// The name in words.
    pub name: String,
    /// A sentence for lay people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether it counts as malignant.
    pub malignant: bool,
    /// Whether it must not be missed: its recall is in the history, it has operating points, and it may have a factor.
    #[serde(default)]
    pub watch: bool,
    /// Other labels of the class in tables. Case does not matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// Refuses lists that no network can be trained for or no file can hold.
pub(super) fn check(classes: &[ClassEntry]) -> Result<(), String> {
    if !(2..=MAX_CLASSES).contains(&classes.len()) {
        return Err(format!(
            "a list has 2 to {MAX_CLASSES} classes, not {}",
            classes.len()
        ));
    }
    // Each label, and the number of its class.
    let mut labels: Vec<(String, usize)> = Vec::new();
    for (number, class) in classes.iter().enumerate() {
        let code = class.code.as_str();
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        if code.is_empty() || code.len() > 32 || !code.chars().all(is_plain) {
            return Err(format!(
                "the code '{code}' is not 1 to 32 lower-case letters, digits, _ and -"
            ));
        }
        if code.starts_with('-') {
            return Err(format!(
                "the code '{code}' begins with -, as a flag does: begin it with a letter or digit"
            ));
        }
        if RESERVED.contains(&code) {
            return Err(format!("the code '{code}' has another meaning in settings"));
        }
        if COLUMNS.contains(&code) {
            return Err(format!(
                "the code '{code}' is the name of another column of the files with predictions: choose another code, \
                 and add '{code}' to the aliases"
            ));
        }
        if class.name.trim().is_empty() {
            return Err(format!("the class {code} has no name"));
        }
        let texts = [&class.name, &class.description].into_iter();
        if texts
            .chain(&class.aliases)
            .any(|text| text.len() > 1000 || text.chars().any(char::is_control))
        {
            return Err(format!(
                "a text of the class {code} is longer than 1,000 bytes or has control characters"
            ));
        }
        for label in std::iter::once(&class.code).chain(&class.aliases) {
            let label = label.to_lowercase();
            match labels.iter().find(|(known, _)| *known == label) {
                Some((_, of)) if *of == number => {}
                Some((_, of)) => {
                    let of = &classes[*of].code;
                    return Err(format!("'{label}' names {of} and {code}"));
                }
                None => labels.push((label, number)),
            }
        }
    }
    let has = |code: &&str| classes.iter().any(|class| class.code == *code);
    if MELANOMA.iter().all(has) {
        return Err(format!(
            "the codes {} are both in the list, but one class is melanoma: merge or rename one of them",
            MELANOMA.join(" and ")
        ));
    }
    Ok(())
}
