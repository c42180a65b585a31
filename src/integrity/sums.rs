//! `SHA256SUMS`: the digests of all files of a folder, as `sha256sum --check` reads them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::changed;
use crate::{Error, Result, files, reading};

/// The file's name.
pub const FILE: &str = "SHA256SUMS";

/// The digests of the files of a folder.
#[derive(Debug)]
pub struct Sums {
    folder: PathBuf,
    of: BTreeMap<String, String>,
}

/// The SHA-256 of every file below a folder, by its relative path with `/` between folders. Links are not followed.
/// Those in `known` are not computed again.
pub fn of_files(
    folder: &Path,
    known: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let mut digests = known;
    for entry in WalkDir::new(folder) {
        let entry = entry.map_err(Error::walk(folder))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let name = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts.join("/");
        if let Entry::Vacant(digest) = digests.entry(name) {
            digest.insert(files::sha256_file(entry.path())?);
        }
    }
    Ok(digests)
}

/// Writes `SHA256SUMS` over all files below a folder.
pub fn write(folder: &Path) -> Result<PathBuf> {
    let mut digests = of_files(folder, BTreeMap::new())?;
    digests.remove(FILE);
    let lines = digests
        .iter()
        .map(|(name, digest)| format!("{digest}  {name}\n"));
    let path = folder.join(FILE);
    files::write_atomically(&path, lines.collect::<String>().as_bytes())?;
    Ok(path)
}

impl Sums {
    /// Reads the `SHA256SUMS` of a folder; `None` if it has none, as folders of older versions.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        match path.try_exists() {
            Ok(true) => (),
            // The file that is wanted from such a folder cannot be read either, which names it.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
            Ok(false) => return Ok(None),
        }
        let text = reading::read_text(&path, reading::MAX_JSON)?;
        let mut of = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let entry = line.split_once("  ").filter(|(digest, name)| {
                digest.len() == 64
                    && digest.bytes().all(|b| b.is_ascii_hexdigit())
                    && !name.is_empty()
            });
            let (digest, name) = entry.ok_or_else(|| {
                let problem = "not a SHA-256, two spaces and a file name";
                Error::line(&path, number as u64 + 1, problem, REMEDY)
            })?;
            of.insert(name.to_owned(), digest.to_ascii_lowercase());
        }
        let folder = folder.to_owned();
        Ok(Some(Self { folder, of }))
    }

    /// The listed names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.of.keys().map(String::as_str)
    }

    /// The listed digest of a file.
    pub fn digest(&self, name: &str) -> Option<&str> {
        self.of.get(name).map(String::as_str)
    }

    /// Refuses a file of the folder that is not listed, or whose bytes are not those that were written.
    pub fn refuse_changed(&self, name: &str) -> Result<()> {
        self.refuse(name, &files::sha256_file(&self.folder.join(name))?)
    }

    /// As [`Sums::refuse_changed`], for a file whose bytes were read already.
    pub fn refuse_changed_bytes(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.refuse(name, &files::sha256(bytes))
    }

    fn refuse(&self, name: &str, digest: &str) -> Result<()> {
        let path = self.folder.join(name);
        match self.of.get(name) {
            Some(listed) if listed == digest => Ok(()),
            Some(_) => Err(changed(&path, FILE, REMEDY)),
            None => Err(Error::file(
                &path,
                format!(
                    "{FILE} does not list this file, so it is not one that was written with the others"
                ),
                REMEDY,
            )),
        }
    }
}

const REMEDY: &str =
    "Export or download the folder again. If you changed it on purpose, write its SHA256SUMS anew.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_sha256sum_and_find_a_changed_an_added_and_a_missing_file() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("deep")).unwrap();
        std::fs::write(home.path().join("deep/a"), "abc").unwrap();
        std::fs::write(home.path().join("b"), "").unwrap();
        write(home.path()).unwrap();
        let text = std::fs::read_to_string(home.path().join(FILE)).unwrap();
        // Of coreutils' sha256sum.
        assert_eq!(
            text,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  deep/a\n"
        );
        let sums = Sums::read(home.path()).unwrap().unwrap();
        assert_eq!(sums.names().collect::<Vec<_>>(), ["b", "deep/a"]);
        sums.refuse_changed("deep/a").unwrap();
        sums.refuse_changed_bytes("b", b"").unwrap();
        std::fs::write(home.path().join("deep/a"), "abd").unwrap();
        std::fs::write(home.path().join("c"), "").unwrap();
        std::fs::remove_file(home.path().join("b")).unwrap();
        for name in ["deep/a", "c", "b"] {
            let error = sums.refuse_changed(name).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        std::fs::write(home.path().join(FILE), text.replace("  b", " b")).unwrap();
        assert!(Sums::read(home.path()).is_err());
        std::fs::remove_file(home.path().join(FILE)).unwrap();
        assert!(Sums::read(home.path()).unwrap().is_none());
    }
}
