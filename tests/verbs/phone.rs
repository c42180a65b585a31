//! The guide for phones, `docs/phone.md`.

use std::fs;
use std::path::Path;

/// The code that follows a link to its file, with that file's name.
fn quoted(guide: &str) -> Vec<(&str, &str)> {
    let mut quoted = Vec::new();
    let mut rest = guide;
    while let Some(at) = rest.find("](../examples/") {
        rest = &rest[at + "](../".len()..];
        let (name, after) = rest.split_once(')').unwrap();
        let next = after.find("](../examples/").unwrap_or(after.len());
        let code = after[..next].split_once("\n```").map(|(_, code)| code);
        let code = code.and_then(|code| code.split_once('\n')?.1.split_once("```"));
        if let Some((code, _)) = code {
            quoted.push((name, code));
        }
        rest = after;
    }
    quoted
}

#[test]
fn the_guide_quotes_the_examples_as_they_are() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(home.join("docs/phone.md")).unwrap();
    let quoted = quoted(&guide);
    for folder in ["examples/android", "examples/ios"] {
        for entry in fs::read_dir(home.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
                let quote = quoted.iter().find(|(known, _)| *known == name);
                let (_, code) = quote.unwrap_or_else(|| panic!("{name} is not quoted"));
                assert_eq!(*code, fs::read_to_string(&path).unwrap(), "{name}");
            }
        }
    }
}
