//! A class list in JSON: what it says of each class. Older files have the codes alone, or codes, names and malignancy.
//! Names of lists are not kept: a built-in list is known by its contents.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::built_in::BUILT_IN;
use super::entry::ClassEntry;
use super::list::ClassList;

impl Serialize for ClassList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries().serialize(serializer)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Codes(Vec<String>),
    Entries(Vec<PartialEntry>),
}

/// Exports of version 2 have `code`, `name` and `malignant` only.
#[derive(Deserialize)]
struct PartialEntry {
    code: String,
    name: String,
    #[serde(default)]
    description: String,
    malignant: bool,
    watch: Option<bool>,
    #[serde(default)]
    aliases: Vec<String>,
}

impl<'de> Deserialize<'de> for ClassList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Codes(codes) => with_codes(&codes)
                .ok_or_else(|| D::Error::custom(format!("its classes are {}", codes.join(", ")))),
            Written::Entries(entries) => {
                let codes: Vec<String> = entries.iter().map(|e| e.code.clone()).collect();
                if entries.iter().all(|entry| entry.watch.is_none())
                    && let Some(list) = with_codes(&codes)
                {
                    return Ok(list);
                }
                let entries: Vec<ClassEntry> = entries.into_iter().map(ClassEntry::from).collect();
                let built_in = (BUILT_IN.iter()).find(|list| list.entries() == entries);
                match built_in {
                    Some(list) => Ok(*list),
                    None => ClassList::new("", entries).map_err(D::Error::custom),
                }
            }
        }
    }
}

/// The built-in list with these codes in this order.
pub fn with_codes(codes: &[String]) -> Option<ClassList> {
    let has = |list: &&ClassList| list.iter().map(|class| class.code()).eq(codes);
    BUILT_IN.iter().find(has).copied()
}

impl From<PartialEntry> for ClassEntry {
    fn from(entry: PartialEntry) -> Self {
        Self {
            code: entry.code,
            name: entry.name,
            description: entry.description,
            malignant: entry.malignant,
            watch: entry.watch.unwrap_or(false),
            aliases: entry.aliases,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham10000;

    fn parse(json: &str) -> Result<ClassList, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_list_is_read_back_whatever_wrote_it() {
        let written = serde_json::to_string(&ham10000()).unwrap();
        assert_eq!(parse(&written).unwrap(), ham10000());
        let codes = serde_json::to_string(&ham10000().map(|class| class.code())).unwrap();
        assert_eq!(parse(&codes).unwrap(), ham10000());
        let older = ham10000()
            .map(|class| serde_json::json!({"code": class.code(), "name": "x", "malignant": true}));
        let older = serde_json::to_string(&older).unwrap();
        assert_eq!(parse(&older).unwrap(), ham10000());
    }

    #[test]
    fn own_lists_are_kept_and_unknown_codes_alone_refused() {
        let own = r#"[{"code": "a", "name": "A", "malignant": true, "watch": true},
                      {"code": "b", "name": "B", "malignant": false, "watch": false}]"#;
        let list = parse(own).unwrap();
        assert_eq!((list.codes(), list.watched().count()), ("a, b".into(), 1));
        let error = parse(r#"["a", "b"]"#).unwrap_err().to_string();
        assert!(error.contains("its classes are a, b"), "{error}");
    }
}
