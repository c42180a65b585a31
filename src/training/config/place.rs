//! Where a setting was given, for messages.

use std::path::Path;

/// A configuration file with its text, or a flag.
pub(super) struct Place<'a> {
    name: String,
    text: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// A file.
    pub fn file(path: &Path, text: &'a str) -> Self {
        Self {
            name: path.display().to_string(),
            text: Some(text),
        }
    }

    /// A flag with its value.
    pub fn flag(name: String) -> Self {
        Self { name, text: None }
    }

    /// The file or flag.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The place of a key, such as `dropout` or `augment.hair`: the file with its line, or the flag.
    pub fn of(&self, key: &str) -> String {
        match self.text.and_then(|text| line(text, key)) {
            Some(line) => format!("{}:{line}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The line of a key in TOML, from 1: in a table of that name, or as `augment.hair`, also within a phase's table.
fn line(text: &str, key: &str) -> Option<usize> {
    let mut table = String::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            table = format!("{name}.");
            if table.ends_with(&format!("{key}.")) {
                return Some(at + 1);
            }
        }
        let Some((name, _)) = line.split_once('=') else {
            continue;
        };
        let full = format!("{table}{}", name.trim());
        let is_key = full
            .strip_suffix(key)
            .is_some_and(|rest| ["", "transfer.", "finetune."].contains(&rest));
        if is_key {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_key_is_found_in_its_table() {
        let text = "# hair = 1\nepochs = 3\n\n[augment]\nhair = 0.1\n[finetune]\ndropout=1\naugment.blur = 2\n";
        for (key, at) in [
            ("epochs", Some(2)),
            ("augment.hair", Some(5)),
            ("dropout", Some(7)),
            ("augment.blur", Some(8)),
            ("augment", Some(4)),
            ("hair", None),
            ("poch", None),
        ] {
            assert_eq!(line(text, key), at, "{key}");
        }
    }
}
