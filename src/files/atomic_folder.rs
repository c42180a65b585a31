//! Folders that appear whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::Builder;

use super::exchange;
use super::folder_files::FolderFiles;
use super::leftovers::remove_leftovers;
use super::lock::Lock;
use super::place;
use super::sync::{sync_folder, sync_tree};
use super::temporary::{self, Temporary};
use crate::{Error, Result};

/// A folder under a temporary name. [`AtomicFolder::publish`] puts it in its place; dropping it removes it.
#[derive(Debug)]
pub struct AtomicFolder {
    temporary: Temporary,
    /// The resolved path of the target.
    target: PathBuf,
    files: &'static FolderFiles,
    // Released after the temporary folder is gone, so that the next process does not meet it.
    locks: PublishedFolder,
}

/// The locks on a folder that was published: nobody else writes it until this is dropped.
#[derive(Debug)]
pub struct PublishedFolder {
    _locks: Vec<Lock>,
}

impl AtomicFolder {
    /// Locks `target` and creates a folder that will become it. An existing, non-empty `target` is an error unless
    /// `replace` is set and it holds files of the kind `files` alone. It stays in place until
    /// [`AtomicFolder::publish`].
    pub fn new(target: &Path, replace: bool, files: &'static FolderFiles) -> Result<Self> {
        let failed = || Error::io("create", target);
        let resolved = place::resolve(target).map_err(failed())?;
        let parent = place::parent(&resolved);
        fs::create_dir_all(parent).map_err(failed())?;
        let lock = Lock::to_write(&resolved)?;
        if resolved.is_file() {
            return Err(Error::file(
                target,
                "this is a file, not a folder",
                "Choose another name.",
            ));
        }
        exchange::recover(&resolved).map_err(failed())?;
        remove_leftovers(parent, &resolved);
        files.remove_unfinished(&resolved);
        if is_occupied(&resolved).map_err(failed())? {
            if !replace {
                return Err(Error::Exists(target.to_owned()));
            }
            files.refuse_strangers(&resolved)?;
        }
        let temporary = create_for(&resolved).map_err(failed())?;
        let own = Lock::of_new_folder(temporary.path());
        Ok(Self {
            temporary,
            target: resolved,
            files,
            locks: PublishedFolder {
                _locks: vec![own, lock],
            },
        })
    }

    /// The temporary folder, into which files are written.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Writes the folder through to the disk and puts it in its place; what was there is removed. The lock remains
    /// until the returned value is dropped.
    pub fn publish(self) -> Result<PublishedFolder> {
        let Self {
            locks, // dropped last
            temporary,
            target,
            files,
        } = self;
        if target.exists() {
            files.refuse_other_files(&target)?; // that came in the meantime
        }
        let publish = || -> io::Result<()> {
            sync_tree(temporary.path())?;
            let inside = temporary.path().parent() == Some(&target);
            temporary.publish(|temporary| match inside {
                true => move_up(temporary, &target, files.marker),
                false => exchange::put(temporary, &target),
            })?;
            sync_folder(place::parent(&target))
        };
        publish().map_err(Error::io("create", &target))?;
        Ok(locks)
    }
}

impl PublishedFolder {
    /// Locks an existing folder of the kind `files`, to write into it, and removes what killed processes left there.
    pub fn open(folder: &Path, files: &FolderFiles) -> Result<Self> {
        let resolved = place::resolve(folder).map_err(Error::io("open", folder))?;
        let lock = Lock::to_write(&resolved)?;
        remove_leftovers(place::parent(&resolved), &resolved);
        files.remove_unfinished(&resolved);
        Ok(Self { _locks: vec![lock] })
    }
}

/// Creates the temporary folder beside its target. Where the target exists and cannot be renamed, inside it.
fn create_for(target: &Path) -> io::Result<Temporary> {
    let create = |folder: &Path| {
        let (temporary, ()) = Temporary::new(|| {
            let mut builder = Builder::new();
            let prefix = place::temporary_prefix(target);
            let folder = builder.prefix(&prefix).tempdir_in(folder)?;
            Ok((folder.keep(), ()))
        })?;
        Ok(temporary)
    };
    if stays(target) {
        return create(target);
    }
    match create(place::parent(target)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && target.exists() => {
            create(target)
        }
        other => other,
    }
}

/// Whether a folder must stay the same one: somebody's current folder, or the root of a mounted disk.
fn stays(target: &Path) -> bool {
    let current = std::env::current_dir().and_then(fs::canonicalize);
    current.is_ok_and(|current| current.starts_with(target)) || is_mounted(target)
}

#[cfg(unix)]
fn is_mounted(target: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    device(target).is_some_and(|own| device(place::parent(target)) != Some(own))
}

#[cfg(not(unix))]
fn is_mounted(_target: &Path) -> bool {
    false
}

/// Moves what a folder contains to its parent `target`, in place of what is there. The marker comes last and goes
/// first, so that a folder that holds it is whole.
fn move_up(folder: &Path, target: &Path, marker: &str) -> io::Result<()> {
    temporary::remove(&target.join(marker));
    for entry in fs::read_dir(target)? {
        let path = entry?.path();
        if path != folder {
            temporary::remove(&path);
        }
    }
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name != marker {
            fs::rename(folder.join(&name), target.join(&name))?;
        }
    }
    fs::rename(folder.join(marker), target.join(marker))
}

/// Whether a folder exists and contains something.
fn is_occupied(target: &Path) -> io::Result<bool> {
    match fs::read_dir(target) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
