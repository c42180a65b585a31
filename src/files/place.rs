//! Where an output goes: its path without links, and the names of what is written beside it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the names of unfinished files and folders contain, after the name of their target.
const WRITING: &str = ".writing-";

/// The end of the names of lock files.
const LOCK: &str = ".lock";

/// The absolute path without `.`, `..` and links. Its last components need not exist.
///
/// # Errors
/// A link that leads nowhere, and `..` after a folder that does not exist.
pub fn resolve(path: &Path) -> io::Result<PathBuf> {
    let missing = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => error,
        other => return other,
    };
    if path.is_symlink() {
        let problem = "it is a link to something that does not exist";
        return Err(io::Error::new(io::ErrorKind::NotFound, problem));
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent.as_os_str().is_empty() => {
            Ok(resolve(Path::new("."))?.join(name))
        }
        (Some(parent), Some(name)) => Ok(resolve(parent)?.join(name)),
        _ => Err(missing),
    }
}

/// The folder of a resolved path. Temporary files are created in it, because a rename cannot cross file systems.
pub fn parent(resolved: &Path) -> &Path {
    resolved.parent().unwrap_or(Path::new("/"))
}

/// The prefix of temporary names. It contains the target's name, to identify what a killed process leaves behind.
pub fn temporary_prefix(target: &Path) -> OsString {
    with_name(target, "", WRITING)
}

/// The target's name between two words.
pub fn with_name(target: &Path, before: &str, after: &str) -> OsString {
    let mut name = OsString::from(before);
    name.push(target.file_name().unwrap_or_default());
    name.push(after);
    name
}

/// The lock file of an output, which lies beside it.
pub fn lock_file(target: &Path) -> PathBuf {
    target.with_file_name(with_name(target, ".", LOCK))
}

/// Length of the random end of the names of unfinished files and folders, as `tempfile` makes them.
const RANDOM: usize = 6;

/// The name of the target of an unfinished file or folder; `None` for other names.
pub fn target_of(name: &str) -> Option<&str> {
    let (target, random) = name.rsplit_once(WRITING)?;
    let is_ours = random.len() == RANDOM && random.chars().all(|c| c.is_ascii_alphanumeric());
    is_ours.then_some(target)
}

/// The name of the target of a lock file; `None` for other names.
pub fn target_of_lock(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(LOCK)
}
