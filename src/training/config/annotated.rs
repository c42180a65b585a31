//! A configuration as text: the file of the defaults with its comments, and the values that differ in place.

use std::path::Path;

use toml::{Table, Value};

use super::Phase;
use super::resolve::{defaults, merged, parse};
use crate::Result;

/// The width of a setting before its comment in `configs/*.toml`.
const WIDTH: usize = 32;

/// The text of the configuration that [`super::resolve::resolve`] returns, and its values by key.
///
/// # Errors
/// Those of [`super::resolve::resolve`].
pub fn annotated(
    phase: Phase,
    file: Option<&Path>,
    settings: &[String],
) -> Result<(String, Table)> {
    let (name, text) = defaults(phase);
    let before = parse(Path::new(name), text)?;
    let values = merged(phase, file, settings)?;
    let mut section = String::new();
    let mut lines = String::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.split(']').next())
        {
            section = name.to_owned();
        }
        let key = line.split_once(" = ").map(|(key, _)| key.trim());
        let changed = key.filter(|key| !key.starts_with('#')).and_then(|key| {
            let [old, new] = [&before, &values].map(|table| value(table, &section, key));
            new.filter(|new| old != Some(*new)).map(|new| (key, new))
        });
        match changed {
            Some((key, value)) => lines.push_str(&with_value(line, key, value)),
            None => lines.push_str(line),
        }
        lines.push('\n');
    }
    Ok((lines, values))
}

fn value<'a>(table: &'a Table, section: &str, key: &str) -> Option<&'a Value> {
    match section {
        "" => table.get(key),
        section => table.get(section)?.get(key),
    }
}

/// A line `key = value # comment` with another value.
fn with_value(line: &str, key: &str, value: &Value) -> String {
    let comment = line.split_once(" # ").map_or("", |(_, comment)| comment);
    let setting = format!("{key} = {value}");
    format!("{setting:WIDTH$} # {comment}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::config::resolve::resolve;

    #[test]
    fn without_changes_it_is_the_file_of_the_defaults() {
        for phase in [Phase::Transfer, Phase::Finetune] {
            assert_eq!(annotated(phase, None, &[]).unwrap().0, defaults(phase).1);
        }
    }

    #[test]
    fn changed_values_are_in_place_and_the_text_is_a_configuration() {
        let home = tempfile::tempdir().unwrap();
        let settings = [
            "epochs=30",
            "class_weights={ mel = 3.0, df = 2.0 }",
            "class_factors={}",
            "monitor=macro_f1",
            "augment.hair=0.5",
            "teachers=[\"a\", \"b\"]",
            "trainable_blocks=5",
        ]
        .map(str::to_owned);
        let (text, values) = annotated(Phase::Finetune, None, &settings).unwrap();
        let line = |key: &str| {
            text.lines()
                .find(|line| line.starts_with(key))
                .unwrap()
                .to_owned()
        };
        let epochs = line("epochs = ");
        assert!(
            epochs.starts_with("epochs = 30                      # passes over"),
            "{epochs}"
        );
        assert!(line("monitor = ").contains("\"macro_f1\""));
        assert!(line("hair = ").starts_with("hair = 0.5 "));
        assert_eq!(values["epochs"].as_integer(), Some(30));
        assert_eq!(
            text.lines().count(),
            defaults(Phase::Finetune).1.lines().count()
        );
        let path = home.path().join("my.toml");
        std::fs::write(&path, &text).unwrap();
        assert_eq!(
            resolve(Phase::Finetune, Some(&path), &[]).unwrap(),
            resolve(Phase::Finetune, None, &settings).unwrap()
        );
    }

    #[test]
    fn what_train_refuses_is_refused() {
        assert!(annotated(Phase::Finetune, None, &["dropout=7".to_owned()]).is_err());
    }
}
