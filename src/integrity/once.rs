//! Large files, whose digest is checked once: the result is kept in the user's cache folder, for as long as the file is
//! the same by its identity (device, inode, size, times of change).

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::cache::cache_folder;
use crate::{Error, Result, files, reading};

/// File name within the cache folder: one digest of an identity a line.
const FILE: &str = "checked-files";

/// The number of identities that are kept, the newest last.
const KEPT: usize = 200;

/// A file may change again within the resolution of the file system's clock, so that a file that changed more recently
/// is checked again the next time.
const SETTLED: Duration = Duration::from_secs(3);

/// Whether a file has this SHA-256. Reads the whole file, unless it was found to have it before and has not changed.
pub fn has_digest(path: &Path, sha256: &str) -> Result<bool> {
    has_digest_by(&cache_folder().join(FILE), path, sha256)
}

fn has_digest_by(cache: &Path, path: &Path, sha256: &str) -> Result<bool> {
    let file = reading::open(path)?;
    let metadata = file.metadata().map_err(Error::io("read", path))?;
    let identity = files::sha256(format!("{} {sha256}", identity(&metadata)).as_bytes());
    let known = reading::read_text(cache, reading::MAX_JSON).unwrap_or_default();
    if known.lines().any(|line| line == identity) {
        return Ok(true);
    }
    if files::sha256_file(path)? != sha256 {
        return Ok(false);
    }
    if has_settled(&metadata) {
        let mut lines: Vec<&str> = known.lines().collect();
        lines.push(&identity);
        let kept = lines.split_off(lines.len().saturating_sub(KEPT)).join("\n") + "\n";
        // Without a cache, the file is checked again the next time.
        if let Some(folder) = cache.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = files::write_atomically(cache, kept.as_bytes());
    }
    Ok(true)
}

/// Whether the last change is so long ago that another one would have another time.
fn has_settled(metadata: &Metadata) -> bool {
    let Ok(modified) = metadata.modified() else {
        return false;
    };
    let age = SystemTime::now().duration_since(modified);
    age.is_ok_and(|age| age > SETTLED)
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    // Unlike mtime, the time of the last change of status (ctime) cannot be set.
    format!(
        "{} {} {} {}.{} {}.{}",
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec()
    )
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> String {
    format!(
        "{} {:?} {:?}",
        metadata.len(),
        metadata.modified(),
        metadata.created()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checked_file_is_not_read_again_until_it_changes() {
        let home = tempfile::tempdir().unwrap();
        let (path, cache) = (home.path().join("file"), home.path().join("cache/known"));
        std::fs::write(&path, "abc").unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(long_ago).unwrap();
        let digest = files::sha256(b"abc");
        assert!(has_digest_by(&cache, &path, &digest).unwrap());
        assert_eq!(std::fs::read_to_string(&cache).unwrap().lines().count(), 1);
        assert!(has_digest_by(&cache, &path, &digest).unwrap());
        assert!(!has_digest_by(&cache, &path, &files::sha256(b"abd")).unwrap());
        // The same size and the same time of modification: the time of the change of status differs.
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&path, "abd").unwrap();
        file.set_modified(long_ago).unwrap();
        assert_eq!(
            has_digest_by(&cache, &path, &digest).unwrap(),
            cfg!(not(unix))
        );
    }

    #[test]
    fn a_file_that_has_just_changed_is_not_remembered() {
        let home = tempfile::tempdir().unwrap();
        let (path, cache) = (home.path().join("file"), home.path().join("known"));
        std::fs::write(&path, "abc").unwrap();
        assert!(has_digest_by(&cache, &path, &files::sha256(b"abc")).unwrap());
        assert!(!cache.exists());
    }
}
