//! Writing files and folders through to the disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use walkdir::WalkDir;

/// Writes the names in a folder through to the disk. File systems that cannot, and folders that may be written but not
/// read, are left alone.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let cannot = [
        io::ErrorKind::InvalidInput,
        io::ErrorKind::Unsupported,
        io::ErrorKind::PermissionDenied,
    ];
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if cannot.contains(&error.kind()) => Ok(()),
        other => other,
    }
}

/// Writes a folder and all that it contains through to the disk.
pub fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in WalkDir::new(folder).contents_first(true) {
        let entry = entry?;
        if entry.file_type().is_dir() {
            sync_folder(entry.path())?;
        } else if entry.file_type().is_file() {
            // Windows syncs only what is open for writing.
            let mut options = OpenOptions::new();
            let file = options.read(true).write(cfg!(windows)).open(entry.path())?;
            file.sync_all()?;
        }
    }
    Ok(())
}
