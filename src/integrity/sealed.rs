//! JSON files that carry the digests of the files beside them and of themselves: `dataset.json` and `metrics.json`.
//!
//! The last key is `digests`. Its `files` has the SHA-256 of each file by name, and its `sha256` that of the JSON
//! file's own bytes with this value left empty (`"sha256": ""`).

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::changed;
use crate::{Error, Result, files, reading};

/// The key.
const KEY: &str = "digests";

/// The last field of the file, before its digest is filled in.
const EMPTY: &str = "\"sha256\": \"\"";

/// The digests in a JSON file, as 64 hexadecimal digits each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// Of the files beside it, by their paths relative to its folder, with `/` between folders.
    pub files: BTreeMap<String, String>,
    /// Of the JSON file itself.
    pub sha256: String,
}

/// Writes a value, which must be a JSON object, with the digests of the other files of its folder. Digests in `known`
/// are not computed again.
pub fn write(path: &Path, value: &impl Serialize, known: BTreeMap<String, String>) -> Result<()> {
    let failed =
        |error: serde_json::Error| Error::io("write", path)(io::Error::other(error.to_string()));
    let mut value = serde_json::to_value(value).map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let own = path.file_name().unwrap_or_default().to_string_lossy();
    let mut digests = Digests {
        files: super::sums::of_files(folder, known)?,
        sha256: String::new(),
    };
    digests.files.remove(&*own);
    if let Value::Object(object) = &mut value {
        object.insert(
            KEY.to_owned(),
            serde_json::to_value(digests).map_err(failed)?,
        );
    }
    let mut text = serde_json::to_string_pretty(&value).map_err(failed)? + "\n";
    if let Some(at) = text.rfind(EMPTY) {
        let digest = files::sha256(text.as_bytes());
        text.insert_str(at + EMPTY.len() - 1, &digest);
    }
    files::write_atomically(path, text.as_bytes())
}

/// Reads a JSON file with its digests; `None` for a file of an older version, which has none.
///
/// # Errors
/// A file that is no JSON, and one whose digest is not its own: `remedy` is what to do then.
pub fn read(path: &Path, remedy: &str) -> Result<(Vec<u8>, Option<Digests>)> {
    let bytes = reading::read(path, reading::MAX_JSON)?;
    let digests = check(path, &bytes, remedy)?;
    Ok((bytes, digests))
}

/// Checks a file that [`write()`] wrote, given its bytes; see [`read`].
pub fn check(path: &Path, bytes: &[u8], remedy: &str) -> Result<Option<Digests>> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let problem = format!("not valid JSON ({error})");
        Error::line(path, error.line() as u64, problem, remedy)
    })?;
    let Some(digests) = value.get(KEY) else {
        return Ok(None);
    };
    let refuse = || changed(path, "the file itself", remedy);
    let digests: Digests = serde_json::from_value(digests.clone()).map_err(|_| refuse())?;
    let text = std::str::from_utf8(bytes).map_err(|_| refuse())?;
    let at = text.rfind(&digests.sha256).ok_or_else(refuse)?;
    let without = [&text[..at], &text[at + digests.sha256.len()..]].concat();
    match digests.sha256 == files::sha256(without.as_bytes()) {
        true => Ok(Some(digests)),
        false => Err(refuse()),
    }
}

impl Digests {
    /// Refuses a file of the folder whose bytes are not those that were written. `json` is the file with the digests.
    /// A file that it does not list is refused as well.
    pub fn refuse_changed(&self, json: &Path, name: &str, remedy: &str) -> Result<()> {
        let path = json.with_file_name(name);
        let place = json.file_name().unwrap_or_default().to_string_lossy();
        match self.files.get(name) {
            Some(digest) if *digest == files::sha256_file(&path)? => Ok(()),
            _ => Err(changed(&path, &place, remedy)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_turned_byte_of_a_sealed_file_is_noticed_and_its_digest_is_that_of_the_rest() {
        let home = tempfile::tempdir().unwrap();
        let (path, beside) = (home.path().join("a.json"), home.path().join("b.csv"));
        std::fs::write(&beside, "x").unwrap();
        write(
            &path,
            &serde_json::json!({"number": 0.1, "sha256": ""}),
            BTreeMap::new(),
        )
        .unwrap();
        let (bytes, digests) = read(&path, "").unwrap();
        let digests = digests.unwrap();
        let own = String::from_utf8(bytes.clone())
            .unwrap()
            .replace(&digests.sha256, "");
        assert_eq!(files::sha256(own.as_bytes()), digests.sha256);
        assert_eq!(digests.files.keys().collect::<Vec<_>>(), ["b.csv"]);
        digests.refuse_changed(&path, "b.csv", "").unwrap();
        std::fs::write(&beside, "y").unwrap();
        assert!(digests.refuse_changed(&path, "b.csv", "").is_err());
        let key = own.find("digests").unwrap();
        for at in 0..bytes.len() {
            let mut turned = bytes.clone();
            turned[at] ^= 1;
            // Without the key it is a file of an older version.
            let noticed = !matches!(check(&path, &turned, ""), Ok(Some(_)));
            assert!(noticed, "byte {at}");
            assert!(
                (key..key + 7).contains(&at) || check(&path, &turned, "").is_err(),
                "byte {at}"
            );
        }
    }

    #[test]
    fn a_file_of_an_older_version_has_no_digests() {
        let path = Path::new("a.json");
        assert_eq!(check(path, b"{\"a\": 1}", "").unwrap(), None);
        assert!(check(path, b"{\"a\": 1", "").is_err());
        assert!(check(path, &[b'['; 100_000], "").is_err());
    }
}
