//! The files that the program itself writes into a folder of a kind. --force replaces these only.

use std::path::Path;

use walkdir::WalkDir;

use super::leftovers::remove_of;
use super::place;
use crate::{Error, Result};

/// The most strangers' files that an error names.
const NAMED: usize = 5;

/// The files of a kind of folder.
#[derive(Debug)]
pub struct FolderFiles {
    /// The file by which such a folder is known.
    pub marker: &'static str,
    /// All files, the marker too: paths within the folder, with `/`. One `*` in a path stands for any text; `name/`
    /// for everything below a folder.
    pub names: &'static [&'static str],
}

impl FolderFiles {
    /// Refuses to replace a folder that is not of this kind, or holds a file that the program did not write.
    pub fn refuse_strangers(&self, folder: &Path) -> Result<()> {
        if !folder.join(self.marker).is_file() {
            return Err(Error::file(
                folder,
                format!(
                    "this folder has no {}, so --force does not replace it",
                    self.marker
                ),
                "Choose another --out, or remove the folder manually.",
            ));
        }
        self.refuse_other_files(folder)
    }

    /// Refuses a folder that holds a file that the program did not write.
    pub fn refuse_other_files(&self, folder: &Path) -> Result<()> {
        let mut strangers = Vec::new();
        let entries = WalkDir::new(folder).min_depth(1).sort_by_file_name();
        let entries = entries.into_iter().filter_entry(|entry| {
            let name = entry.file_name().to_str();
            let target =
                name.and_then(|name| place::target_of(name).or(place::target_of_lock(name)));
            !target.is_some_and(|target| self.writes_unfinished(folder, target))
        });
        for entry in entries {
            let entry = entry.map_err(Error::walk(folder))?;
            let name = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let name = name.to_string_lossy().replace('\\', "/");
            if !entry.file_type().is_dir() && !self.writes(&name) {
                strangers.push(name);
            }
        }
        if strangers.is_empty() {
            return Ok(());
        }
        let more = match strangers.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        strangers.truncate(NAMED);
        Err(Error::file(
            folder,
            format!(
                "it holds files that --force would delete though they are not part of it: {}{more}",
                strangers.join(", ")
            ),
            "Move them elsewhere, or choose another --out.",
        ))
    }

    /// Removes what killed processes left in such a folder, whose lock is held.
    pub fn remove_unfinished(&self, folder: &Path) {
        remove_of(folder, |target| self.writes_unfinished(folder, target));
    }

    /// Whether something unfinished in the folder, of this target, is the program's: a file of it, or the folder
    /// itself.
    fn writes_unfinished(&self, folder: &Path, target: &str) -> bool {
        self.writes(target)
            || self.writes(&format!("{target}/"))
            || folder.file_name().is_some_and(|name| name == target)
    }

    /// Whether the program writes a file of this name into such a folder.
    fn writes(&self, name: &str) -> bool {
        self.names.iter().any(|known| match known.split_once('*') {
            Some((before, after)) => {
                name.len() >= before.len() + after.len()
                    && name.starts_with(before)
                    && name.ends_with(after)
            }
            None if known.ends_with('/') => name.starts_with(known),
            None => name == *known,
        })
    }
}
