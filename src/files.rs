//! Files that appear whole or not at all, and the hashes that tell them apart.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// Writes a file beside its place and renames it there, so that nobody ever sees half of it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = beside(path);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(source) = written.and_then(|()| fs::rename(&beside, path)) {
        let _ = fs::remove_file(&beside);
        return Err(Error::io("write", path)(source));
    }
    Ok(())
}

/// [`write_whole`] for anything serde can turn into JSON, indented, with a newline at the end.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|source| Error::io("write", path)(io::Error::other(source)))?;
    bytes.push(b'\n');
    write_whole(path, &bytes)
}

/// Where a file or folder is written before it is renamed to `path`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".writing-{}", std::process::id()));
    path.with_file_name(name)
}

/// A folder under construction: it takes its place on [`Draft::publish`], and vanishes if dropped before.
pub struct Draft {
    building: PathBuf,
    target: PathBuf,
    replace: bool,
}

impl Draft {
    /// Starts a folder that will become `target`. An existing `target` that is not empty is refused
    /// unless `replace` is set and it holds `marker`, the file by which our own folders are known;
    /// it stays in place until the new one is whole.
    pub fn new(target: &Path, replace: bool, marker: &str) -> Result<Self> {
        let occupied = match fs::read_dir(target) {
            Ok(mut entries) => entries.next().is_some(),
            Err(source) if source.kind() == io::ErrorKind::NotFound => false,
            Err(source) => return Err(Error::io("create", target)(source)),
        };
        if occupied && !replace {
            return Err(Error::Exists(target.to_owned()));
        }
        if occupied && !target.join(marker).is_file() {
            return Err(Error::file(
                target,
                format!("this folder holds no {marker}, so it is not one that may be replaced"),
                "Choose another --out, or remove the folder yourself.",
            ));
        }
        let building = beside(target);
        let _ = fs::remove_dir_all(&building);
        fs::create_dir_all(&building).map_err(Error::io("create", &building))?;
        Ok(Self {
            building,
            target: target.to_owned(),
            replace,
        })
    }

    /// Where to write for now.
    pub fn path(&self) -> &Path {
        &self.building
    }

    /// Puts the folder in its place.
    pub fn publish(self) -> Result<()> {
        let put = || -> io::Result<()> {
            if self.target.exists() {
                if self.replace {
                    fs::remove_dir_all(&self.target)?;
                } else {
                    fs::remove_dir(&self.target)?; // known to be empty
                }
            }
            fs::rename(&self.building, &self.target)
        };
        put().map_err(Error::io("create", &self.target))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.building); // gone already once published
    }
}

/// The SHA-256 of some bytes, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a file's bytes, as 64 hexadecimal digits.
pub fn sha256_file(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    File::open(path)
        .and_then(|mut file| io::copy(&mut file, &mut HashWriter(&mut hasher)))
        .map_err(Error::io("read", path))?;
    Ok(hex(&hasher.finalize()))
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_that_is_dropped_leaves_nothing_and_what_was_there_stays() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("mine"), "old").unwrap();
        assert!(matches!(
            Draft::new(&target, false, "mine"),
            Err(Error::Exists(_))
        ));
        assert!(Draft::new(&target, true, "model.json").is_err());
        let draft = Draft::new(&target, true, "mine").unwrap();
        fs::write(draft.path().join("new"), "new").unwrap();
        drop(draft);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(target.join("mine")).unwrap(), "old");
    }

    #[test]
    fn sha256_agrees_with_the_standards_example() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
