//! Folds long lines at the width of the terminal, between words. Terminals break them within words.

use console::Term;
use textwrap::{Options, WordSplitter};

/// The text as it is, unless it is for a terminal: then its long lines are folded.
pub fn folded(text: &str, term: &Term) -> String {
    match term.size_checked() {
        Some((_, columns)) if term.is_term() => at(columns.into(), text),
        _ => text.to_owned(),
    }
}

/// The text with lines of at most so many columns, except for longer words. What is folded is indented as its line.
pub fn at(columns: usize, text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let words = line.trim_start_matches(' ');
        let indent = &line[..line.len() - words.len()];
        hanging(columns, line, indent)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One line, folded with this indentation of all lines but the first.
pub fn hanging(columns: usize, line: &str, indent: &str) -> String {
    // A line that fits keeps its last spaces, which folding takes away.
    if textwrap::core::display_width(line) <= columns {
        return line.to_owned();
    }
    let options = Options::new(columns)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(line, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_words_and_indented_as_they_begin() {
        let text = "short\n  a remedy of some words, or --out-of-fold\n";
        assert_eq!(
            at(20, text),
            "short\n  a remedy of some\n  words, or\n  --out-of-fold\n"
        );
    }

    #[test]
    fn short_lines_keep_their_columns_and_colours_take_none() {
        let table = "a     b   \n\u{1b}[1mbold\u{1b}[0m c";
        assert_eq!(at(10, table), table);
    }
}
