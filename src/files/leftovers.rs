//! What killed processes leave behind.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::place;
use super::temporary;

/// Removes from `folder` what killed processes left of `target`, whose lock is held.
pub fn remove_leftovers(folder: &Path, target: &Path) {
    let name = target.file_name().unwrap_or_default();
    remove_of(folder, |of| OsStr::new(of) == name);
}

/// Removes the unfinished files and folders whose targets have the names that `is_ours` accepts.
pub fn remove_of(folder: &Path, is_ours: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name
            .to_str()
            .and_then(place::target_of)
            .is_some_and(&is_ours)
        {
            temporary::remove(&entry.path());
        }
    }
}
