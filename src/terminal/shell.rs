//! Words of commands that people paste into a shell.

use std::path::Path;

/// A word as a shell reads it back.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A path as a shell reads it back. One that is not UTF-8 cannot be shown exactly.
pub fn quoted_path(path: &Path) -> String {
    let path = path.to_string_lossy();
    match path.starts_with('-') {
        true => quoted(&format!("./{path}")), // not a flag
        false => quoted(&path),
    }
}

/// A path beside `path` with a suffix to its name: `run` and `-eval` give `run-eval`, and so does `run.safetensors`.
pub fn beside(path: &Path, suffix: &str) -> String {
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push(suffix);
    quoted_path(&path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_blanks_and_quotes_are_quoted() {
        assert_eq!(quoted("data/ham10000"), "data/ham10000");
        assert_eq!(quoted("my data"), "'my data'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_path_beside_another_loses_the_ending() {
        assert_eq!(
            beside(Path::new("a b/run.safetensors"), "-eval"),
            "'a b/run-eval'"
        );
        assert_eq!(beside(Path::new("run"), "-eval"), "run-eval");
        assert_eq!(quoted_path(Path::new("-run")), "./-run");
    }
}
