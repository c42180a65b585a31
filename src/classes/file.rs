//! A class list as a TOML file: `[[class]]` tables with the fields of [`ClassEntry`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::entry::ClassEntry;
use super::list::ClassList;
use crate::{Error, Result, reading};

const REMEDY: &str = "See docs/datasets.md for the form; `skinlesion classes ham10000` prints one.";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassFile {
    #[serde(rename = "class")]
    classes: Vec<ClassEntry>,
}

/// Reads a class file. The list has the name of the file without its extension.
///
/// # Errors
/// Files that are no class list; the error has the line where TOML gives one.
pub fn read(path: &Path) -> Result<ClassList> {
    let bytes = reading::read(path, reading::MAX_TABLE)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let text =
        String::from_utf8(bytes).map_err(|_| Error::file(path, "it is not UTF-8 text", REMEDY))?;
    parse(&name, &text).map_err(|(line, problem)| match line {
        Some(line) => Error::line(path, line, problem, REMEDY),
        None => Error::file(path, problem, REMEDY),
    })
}

/// A list from the text of a class file, or the problem and its line.
pub(super) fn parse(name: &str, text: &str) -> Result<ClassList, (Option<u64>, String)> {
    let file: ClassFile = toml::from_str(text).map_err(|error| {
        let line = (error.span()).map(|span| reading::line_of(text, span.start));
        (line, error.message().to_owned())
    })?;
    ClassList::new(name, file.classes).map_err(|problem| (None, problem))
}

/// The text of a class file.
pub fn to_toml(list: ClassList) -> String {
    const HEADER: &str = "\
# A list of classes for `skinlesion prepare --classes`, in the order of the network's outputs.
#   code         in tables, files and reports: lower-case letters, digits, _ and -
#   name         in words
#   description  a sentence for lay people, which the phone page shows
#   malignant    counts as malignant
#   watch        must not be missed: gets its recall in reports, and operating points
#   aliases      other labels of the class in tables; case does not matter

";
    let classes = list.entries().to_vec();
    HEADER.to_owned() + &toml::to_string(&ClassFile { classes }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_list_is_read_back() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mine.toml");
        let list = crate::classes::ham10000();
        std::fs::write(&path, to_toml(list)).unwrap();
        let read = read(&path).unwrap();
        assert_eq!((read.name(), read.entries()), ("mine", list.entries()));
    }

    #[test]
    fn wrong_files_are_refused_with_the_line() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("mine.toml");
        let class = "[[class]]\ncode = 'a'\nname = 'A'\nmalignant = true\n";
        for (text, problem) in [
            ("classes = 2".to_owned(), "mine.toml:1"),
            (
                format!("{class}colour = 'red'\n"),
                "mine.toml:5: unknown field `colour`",
            ),
            ("[[class]]\ncode = 'a'\n".to_owned(), "missing field `name`"),
            (class.to_owned(), "2 to 100 classes, not 1"),
            (class.repeat(2), "'a' names a and a"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
