//! Quotes in a CSV file (RFC 4180). The csv crate reads a file with a stray quote without complaint, and takes all rows
//! after it for one field.

use std::path::Path;

use crate::{Error, Result};

/// Where the text is, in a line.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// At the start of a field.
    Start,
    /// In a field without quotes.
    Plain,
    /// Between the quotes of a field.
    Quoted,
    /// After a quote within a quoted field: its end, or the first of two that stand for one.
    Closed,
}

/// Refuses quotes that are not closed on their line, or that stand within a field.
pub fn refuse_stray(path: &Path, text: &str, delimiter: u8) -> Result<()> {
    let lines = text.split('\n');
    // Lines end with \r\n, \n or \r.
    let lines = lines.flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'));
    for (number, line) in lines.enumerate() {
        if line.contains('"') && !is_well_quoted(line, delimiter) {
            return Err(Error::line(
                path,
                number as u64 + 1,
                "a stray quote, or one that is not closed on its line",
                "Close or remove the quote. A quote within a quoted field is written twice.",
            ));
        }
    }
    Ok(())
}

fn is_well_quoted(line: &str, delimiter: u8) -> bool {
    let mut place = Place::Start;
    for byte in line.bytes() {
        place = match (place, byte) {
            (Place::Start, b'"') | (Place::Closed, b'"') => Place::Quoted,
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Quoted, _) => Place::Quoted,
            (_, byte) if byte == delimiter => Place::Start,
            (Place::Closed, _) | (_, b'"') => return false,
            (Place::Start | Place::Plain, _) => Place::Plain,
        };
    }
    place != Place::Quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_and_unclosed_quotes_are_refused_with_their_line_and_closed_ones_are_not() {
        let path = Path::new("a.csv");
        for sound in [
            "a,b\n1,2",
            "\"a\",b\r\n1,\"2 \"\"x\"\", 3\"\r\n",
            "a,\"\"\n",
            "",
        ] {
            assert!(refuse_stray(path, sound, b',').is_ok(), "{sound}");
        }
        for stray in [
            "a,b\n1,\"2\n3,4\n",
            "a,b\n\"1,2\n",
            "a,b\n1,2\"\n",
            "a,b\n1,\"2\"x\n",
        ] {
            let error = refuse_stray(path, stray, b',').unwrap_err().to_string();
            assert!(error.starts_with("a.csv:2: "), "{error}");
        }
    }
}
