//! Colours on standard error.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;

use clap::ColorChoice;

static COLOURED: OnceLock<bool> = OnceLock::new();

/// Decides once whether text on standard error is coloured: as --color says; by default on a terminal, unless NO_COLOR
/// is set and not empty (no-color.org).
pub fn choose(choice: ColorChoice) {
    let _ = COLOURED.set(match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => by_default(),
    });
}

fn by_default() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

/// Styles text for standard error with an ANSI code, if it is coloured.
pub fn styled(text: &str, code: &str) -> String {
    match COLOURED.get_or_init(by_default) {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}

/// The value of --color among the words of a command line, before it is parsed: help and usage errors have colours too.
pub fn choice_in(words: &[String]) -> ColorChoice {
    let value = |(at, word): (usize, &String)| match word.strip_prefix("--color")? {
        "" => words.get(at + 1).cloned(),
        rest => rest.strip_prefix('=').map(str::to_owned),
    };
    let given = words.iter().enumerate().find_map(value);
    match given.as_deref() {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_color_is_found_in_both_forms() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let choice = |line: &str| choice_in(&words(line));
        assert_eq!(
            choice("skinlesion --color never predict"),
            ColorChoice::Never
        );
        assert_eq!(
            choice("skinlesion predict --color=always"),
            ColorChoice::Always
        );
        assert_eq!(
            choice("skinlesion predict --colors=always"),
            ColorChoice::Auto
        );
        assert_eq!(choice("skinlesion predict --color"), ColorChoice::Auto);
    }
}
