//! The description of a network, read back from an exported file's metadata.

use std::path::Path;

use serde_json::{Map, Value};

use crate::artifact::description::Description;
use crate::artifact::input_spec::InputSpec;
use crate::{Error, Result};

/// The fields that are plain text in formats whose metadata consists of strings. The others are JSON.
const TEXTS: [&str; 5] = [
    "written_by",
    "disclaimer",
    "intended_use",
    "licence",
    "dataset",
];

/// The other fields of a description, and the input of the file.
const OTHERS: [&str; 13] = [
    "format_version",
    "classes",
    "resize",
    "temperature",
    "decisions",
    "architecture",
    "validation",
    "metrics",
    "thresholds",
    "abstention",
    "novelty",
    "checkpoint",
    "input",
];

/// Reads a description from metadata of strings, as
/// [`FileDescription::fields`](crate::artifact::description::FileDescription::fields) wrote them.
pub fn description(path: &Path, field: impl Fn(&str) -> Option<String>) -> Result<Description> {
    let texts = TEXTS
        .into_iter()
        .filter_map(|name| Some((name, Value::String(field(name)?))));
    let parsed = |name| Some((name, serde_json::from_str(&field(name)?).ok()?));
    let others = OTHERS.into_iter().filter_map(parsed);
    let fields = texts
        .chain(others)
        .map(|(name, value)| (name.to_owned(), value));
    from_json(path, Some(Value::Object(fields.collect::<Map<_, _>>())))
}

/// Reads a description from JSON, which may have further fields.
pub fn from_json(path: &Path, json: Option<Value>) -> Result<Description> {
    let refuse = |problem: String| {
        Error::file(
            path,
            problem,
            "Use a file that `skinlesion export` wrote, or export it again.",
        )
    };
    let json = json.ok_or_else(|| refuse("it has no description of a network".to_owned()))?;
    // Refuses other versions and classes.
    InputSpec::read(path, |name| json.get(name).map(Value::to_string))?;
    serde_json::from_value(json)
        .map_err(|error| refuse(format!("its description is incomplete ({error})")))
}
