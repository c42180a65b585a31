//! The error for a value that its key cannot have.

use toml::{Table, Value};

use super::TrainingConfig;
use super::place::Place;
use crate::Error;

/// Whether the values of a table have the types of a configuration.
pub(super) fn is_configuration(table: &Table) -> bool {
    table.clone().try_into::<TrainingConfig>().is_ok()
}

/// The error for the first of `changes` that makes the configuration `before` invalid. `defaults` is the text that
/// describes the keys.
pub(super) fn wrong_value(before: &Table, changes: &Table, place: &Place, defaults: &str) -> Error {
    let found = (flat(changes).into_iter())
        .find(|(key, value)| !is_configuration(&with(before, key, value)));
    let Some((key, value)) = found else {
        return Error::input(
            place.name(),
            "these values do not fit together",
            "Change one of them.",
        );
    };
    Error::input(
        place.of(&key),
        format!("{key} cannot be {value}"),
        described(defaults, &key)
            .unwrap_or("configs/*.toml describe the values of each key.".to_owned()),
    )
}

/// The changes of single keys, with those of augmentation as `augment.hair`.
fn flat(changes: &Table) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (key, value) in changes {
        match value {
            Value::Table(inner) if key == "augment" => {
                let inner = inner
                    .iter()
                    .map(|(name, value)| (format!("augment.{name}"), value.clone()));
                all.extend(inner);
            }
            value => all.push((key.clone(), value.clone())),
        }
    }
    all
}

fn with(before: &Table, key: &str, value: &Value) -> Table {
    let mut table = before.clone();
    let (section, name) = key.split_once('.').unwrap_or(("", key));
    let target = match table.get_mut(section) {
        Some(Value::Table(inner)) => inner,
        _ => &mut table,
    };
    // As a float where one is expected: a whole number is one.
    let is_float = target.get(name).is_some_and(Value::is_float);
    let value = match value {
        Value::Integer(whole) if is_float => Value::Float(*whole as f64),
        other => other.clone(),
    };
    target.insert(name.to_owned(), value);
    table
}

/// What `configs/*.toml` say about a key, with its default.
fn described(defaults: &str, key: &str) -> Option<String> {
    let name = key.rsplit('.').next()?;
    let line = defaults.lines().find(|line| {
        let given = line.split_once('=').map(|(given, _)| given.trim());
        given == Some(name)
    })?;
    let (setting, comment) = line.split_once(" # ")?;
    let default = setting.split_once('=')?.1.trim();
    Some(format!("{key}: {comment}. Its default is {default}."))
}
