//! Putting a finished folder in the place of an earlier one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::place;
use super::temporary;

/// Puts the folder `new` at `target`. What was there lies at `new` afterwards. Linux and macOS exchange the two in one
/// step; elsewhere the old one is moved aside first, and [`recover`] moves it back if the process is killed in between.
pub fn put(new: &Path, target: &Path) -> io::Result<()> {
    if !target.exists() {
        return fs::rename(new, target);
    }
    match in_one_step(new, target) {
        Err(error) if is_unsupported(&error) => {
            let aside = aside(target);
            temporary::remove(&aside);
            fs::rename(target, &aside)?;
            let moved = fs::rename(new, target);
            if moved.is_err() {
                fs::rename(&aside, target)?;
                return moved;
            }
            fs::rename(&aside, new)
        }
        other => other,
    }
}

/// Moves a folder back that a killed process moved aside. The caller holds the lock of `target`.
pub fn recover(target: &Path) -> io::Result<()> {
    let aside = aside(target);
    if !aside.exists() {
        return Ok(());
    }
    if target.exists() {
        temporary::remove(&aside);
        return Ok(());
    }
    fs::rename(&aside, target)
}

fn aside(target: &Path) -> PathBuf {
    target.with_file_name(place::with_name(target, ".", ".earlier"))
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn in_one_step(new: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn in_one_step(_new: &Path, _target: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Old kernels do not know the call, and some file systems (NFS, FUSE) cannot.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}
