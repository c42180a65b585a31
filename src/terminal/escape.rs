//! Escapes what comes from files before it reaches a terminal, which takes some characters for commands.

use std::borrow::Cow;

/// A text with its control characters, other than the ends of lines and tabs, and the characters that turn the
/// direction of writing as `\u{…}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_escaped(character) {
            true => safe.extend(character.escape_unicode()),
            false => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

fn is_escaped(character: char) -> bool {
    let is_layout = matches!(character, '\n' | '\t');
    let turns_direction = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (character.is_control() && !is_layout) || turns_direction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_terminals_are_escaped_and_other_text_is_kept() {
        assert_eq!(escaped("a\x1b]0;b\x07\r"), "a\\u{1b}]0;b\\u{7}\\u{d}");
        assert_eq!(escaped("a\u{202e}b"), "a\\u{202e}b");
        assert!(matches!(escaped("Rücken\n\tnévus …"), Cow::Borrowed(_)));
    }
}
