//! Files and folders that must not outlive the process. They are listed, so that a signal can remove them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The paths of all temporary files and folders of this process.
static LISTED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn listed() -> MutexGuard<'static, Vec<PathBuf>> {
    LISTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file or folder, removed when dropped.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// Lists what `create` creates; [`remove_all`] waits for it. `create` returns the path, and what else it likes.
    pub fn new<T>(create: impl FnOnce() -> io::Result<(PathBuf, T)>) -> io::Result<(Self, T)> {
        let mut listed = listed();
        let (path, other) = create()?;
        listed.push(path.clone());
        Ok((Self(path), other))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Moves it to its target with `publish`, which [`remove_all`] waits for. What lies at its path afterwards is
    /// removed: nothing, or what was at the target before.
    pub fn publish(self, publish: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let listed = listed();
        let published = publish(&self.0);
        drop(listed); // before `self`, which is taken off the list
        published
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        remove(&self.0);
        listed().retain(|path| *path != self.0);
    }
}

/// An empty folder for temporary files, in the system's folder for them.
pub fn scratch_folder() -> crate::Result<Temporary> {
    let create = || Ok((tempfile::tempdir()?.keep(), ()));
    let created = Temporary::new(create);
    let (folder, ()) = created.map_err(crate::Error::io("create", &std::env::temp_dir()))?;
    Ok(folder)
}

/// Removes all temporary files and folders of this process, which must then end: other threads that create or publish
/// one wait forever.
pub fn remove_all() {
    let listed = listed();
    listed.iter().rev().for_each(|path| remove(path));
    std::mem::forget(listed);
}

/// Removes a file, or a folder with all that it contains; links are not followed. Other threads may still be writing
/// into the folder, which then is removed again.
pub fn remove(path: &Path) {
    for _ in 0..100 {
        let removed = match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(_) => return,
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                std::thread::sleep(Duration::from_millis(1));
            }
            _ => return,
        }
    }
}
