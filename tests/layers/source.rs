//! Rust source as text without what is no code of the program.

/// The code of one module, without that of the modules within it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// The module's path.
    pub module: Vec<String>,
    /// Its code, without comments, with empty strings, and without items under `cfg(test)`.
    pub code: String,
}

/// The module of a file and those that are written within it.
pub fn scopes(module: &[String], text: &str) -> Vec<Scope> {
    let mut found = Vec::new();
    split(
        module,
        &without_test_items(&without_comments_and_strings(text)),
        &mut found,
    );
    found
}

fn split(module: &[String], code: &str, found: &mut Vec<Scope>) {
    let mut own = String::new();
    let mut rest = code;
    while let Some((at, name, body)) = inline_module(rest) {
        own.push_str(&rest[..at]);
        rest = &rest[body.end..];
        let inner = [module, &[name]].concat();
        split(
            &inner,
            &code[code.len() - rest.len() - body.len()..][..body.len()],
            found,
        );
    }
    own.push_str(rest);
    found.push(Scope {
        module: module.to_vec(),
        code: own,
    });
}

/// The first `mod name { … }` of some code: where it begins, its name, and the range of its braces.
fn inline_module(code: &str) -> Option<(usize, String, std::ops::Range<usize>)> {
    for (at, _) in code.match_indices("mod ") {
        let after = &code[at + 4..];
        let name: String = after
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            || !after[name.len()..].trim_start().starts_with('{')
        {
            continue;
        }
        let start = at + 4 + name.len();
        return Some((at, name, start..start + item_length(&code[start..])));
    }
    None
}

fn without_comments_and_strings(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    let starts = |at: usize, what: &str| {
        bytes[at..]
            .iter()
            .take(what.len())
            .copied()
            .eq(what.chars())
    };
    while at < bytes.len() {
        if starts(at, "//") {
            while at < bytes.len() && bytes[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            while at < bytes.len() && !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if let Some(hashes) = raw_string(&bytes[at..]) {
            let end: String = std::iter::once('"')
                .chain((0..hashes).map(|_| '#'))
                .collect();
            at += 2 + hashes;
            while at < bytes.len() && !starts(at, &end) {
                at += 1;
            }
            at += end.len();
            code.push_str("\"\"");
        } else if bytes[at] == '"' {
            at += 1;
            while at < bytes.len() && bytes[at] != '"' {
                at += if bytes[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
            code.push_str("\"\"");
        } else if starts(at, "'{'") || starts(at, "'}'") || starts(at, "'\"'") || starts(at, "';'")
        {
            at += 3;
        } else {
            code.push(bytes[at]);
            at += 1;
        }
    }
    code
}

/// The number of hashes of a raw string that begins here.
fn raw_string(rest: &[char]) -> Option<usize> {
    let after = rest.strip_prefix(&['r'])?;
    let hashes = after.iter().take_while(|c| **c == '#').count();
    (after.get(hashes) == Some(&'"')).then_some(hashes)
}

fn without_test_items(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        kept.push_str(&rest[..start]);
        rest = &rest[start + MARK.len()..];
        rest = &rest[item_length(rest)..];
    }
    kept + rest
}

/// How long the item at the start of some code is: to its semicolon, or to the end of its braces.
fn item_length(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}
