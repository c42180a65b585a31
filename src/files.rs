//! Atomic writes of files and folders, and SHA-256 hashes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::{Builder, TempDir};

use crate::{Error, Result, reading};

/// Writes a file atomically: under a temporary name in the same folder, then renamed.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        // Created like a normal file, with the permissions of the umask: tempfile's default is private.
        let mut file = Builder::new()
            .prefix(&temporary_prefix(path))
            .make_in(parent(path), |temporary| File::create_new(temporary))?;
        file.as_file_mut().write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file.persist(path).map(drop)?)
    };
    write().map_err(Error::io("write", path))
}

/// Writes a value atomically as indented JSON with a trailing newline.
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|source| Error::io("write", path)(io::Error::other(source)))?;
    bytes.push(b'\n');
    write_atomically(path, &bytes)
}

/// The folder of `path`. Temporary files are created in it, because a rename cannot cross file systems.
fn parent(path: &Path) -> &Path {
    let parent = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// The prefix of temporary names. It contains the target's name, to identify what a killed process leaves behind.
fn temporary_prefix(path: &Path) -> OsString {
    let mut prefix = path.file_name().unwrap_or_default().to_owned();
    prefix.push(".writing-");
    prefix
}

/// A folder under a temporary name. [`AtomicFolder::publish`] renames it to its target; dropping it removes it.
pub struct AtomicFolder {
    temporary: TempDir,
    target: PathBuf,
    replace: bool,
}

impl AtomicFolder {
    /// Creates a folder that will become `target`. An existing, non-empty `target` is an error unless `replace` is set
    /// and it holds the file `marker`, which identifies folders written by this program. It stays in place until
    /// [`AtomicFolder::publish`].
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
                format!("this folder has no {marker}, so --force does not replace it"),
                "Choose another --out, or remove the folder manually.",
            ));
        }
        let parent = parent(target);
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        let temporary = (Builder::new()
            .prefix(&temporary_prefix(target))
            .tempdir_in(parent))
        .map_err(Error::io("create", target))?;
        Ok(Self {
            temporary,
            target: target.to_owned(),
            replace,
        })
    }

    /// The temporary folder, into which files are written.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Renames the folder to its target.
    pub fn publish(self) -> Result<()> {
        let publish = || -> io::Result<()> {
            if self.target.exists() {
                if self.replace {
                    fs::remove_dir_all(&self.target)?;
                } else {
                    fs::remove_dir(&self.target)?; // known to be empty
                }
            }
            fs::rename(self.temporary.path(), &self.target)
        };
        publish().map_err(Error::io("create", &self.target))?;
        let _moved = self.temporary.keep();
        Ok(())
    }
}

/// The SHA-256 of bytes, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a file's bytes, as 64 hexadecimal digits.
pub fn sha256_file(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut file = reading::open(path)?;
    io::copy(&mut file, &mut HashWriter(&mut hasher)).map_err(Error::io("read", path))?;
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

/// Encodes bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_folder_is_removed_and_the_target_stays() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("out");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("mine"), "old").unwrap();
        assert!(matches!(
            AtomicFolder::new(&target, false, "mine"),
            Err(Error::Exists(_))
        ));
        assert!(AtomicFolder::new(&target, true, "model.json").is_err());
        let folder = AtomicFolder::new(&target, true, "mine").unwrap();
        fs::write(folder.path().join("new"), "new").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(target.join("mine")).unwrap(), "old");
    }

    #[test]
    fn a_published_folder_replaces_the_target_and_leaves_no_temporary_files() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("new/out");
        for replace in [false, true] {
            let folder = AtomicFolder::new(&target, replace, "mine").unwrap();
            let file = if replace { "other" } else { "mine" };
            fs::write(folder.path().join(file), "").unwrap();
            folder.publish().unwrap();
            let names: Vec<_> = (fs::read_dir(&target).unwrap())
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(names, [file]);
        }
        let beside = fs::read_dir(target.parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn atomic_writes_have_the_permissions_of_normal_files_and_folders() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let [file, usual, folder, usual_folder] =
            ["file", "usual", "folder", "usual-folder"].map(|name| home.path().join(name));
        write_atomically(&file, b"old").unwrap();
        write_atomically(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        fs::write(&usual, "").unwrap();
        fs::create_dir(&usual_folder).unwrap();
        let made = AtomicFolder::new(&folder, false, "mine").unwrap();
        made.publish().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&file), mode(&usual));
        assert_eq!(mode(&folder), mode(&usual_folder));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_file_that_cannot_be_renamed_leaves_no_temporary_files() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("occupied");
        fs::create_dir(&folder).unwrap();
        let error = write_atomically(&folder, b"").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("cannot write {}: ", folder.display())),
            "{error}"
        );
        assert!(!error.contains(".writing-"), "{error}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn sha256_agrees_with_the_standards_example() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
