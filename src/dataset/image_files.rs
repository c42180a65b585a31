//! Finding the photographs on disk by their ids.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::findings::{Findings, counted};
use crate::imaging::find::is_photograph;
use crate::{Error, Result};

/// Every photograph below some folders, by image id (its file name without extension).
#[derive(Debug)]
pub struct Images {
    folders: Vec<PathBuf>,
    /// Most ids have one file; the few that have more are looked at when they are asked for.
    files: HashMap<String, Vec<PathBuf>>,
}

impl Images {
    /// Walks the folders, following links, and notes each .jpg, .jpeg and .png file in any case.
    pub fn find(folders: &[PathBuf]) -> Result<Self> {
        let mut files: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for folder in folders {
            if !folder.is_dir() {
                return Err(Error::file(
                    folder,
                    "no such folder",
                    "Give --images the folder that holds the photographs.",
                ));
            }
            for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
                let entry = entry.map_err(|error| {
                    let path = error.path().unwrap_or(folder).to_owned();
                    Error::io("read", &path)(error.into())
                })?;
                let path = entry.path();
                if entry.file_type().is_file()
                    && is_photograph(path)
                    && let Some(id) = path.file_stem().and_then(|stem| stem.to_str())
                {
                    files
                        .entry(id.to_owned())
                        .or_default()
                        .push(path.to_owned());
                }
            }
        }
        if files.is_empty() {
            return Err(Error::input(
                list(folders),
                "no .jpg, .jpeg or .png file in there",
                "Give --images the folder that holds the photographs.",
            ));
        }
        Ok(Self {
            folders: folders.to_vec(),
            files,
        })
    }

    /// The file of an image, if there is one; of several with the same bytes the first found.
    ///
    /// # Errors
    /// Two files that carry the same id and differ: nobody can tell which one the metadata means.
    pub fn file(&self, image_id: &str) -> Result<Option<&Path>> {
        let Some((first, others)) = self.files.get(image_id).and_then(|f| f.split_first()) else {
            return Ok(None);
        };
        for other in others {
            if !same_contents(first, other)? {
                return Err(Error::file(
                    first,
                    format!("another image has the same id: {}", other.display()),
                    "The two files differ: remove or rename the wrong one, or narrow --images.",
                ));
            }
        }
        Ok(Some(first))
    }

    /// Refuses images that are in the metadata but not on disk.
    pub fn refuse_missing(&self, missing: &Findings) -> Result<()> {
        missing.refuse(
            list(&self.folders),
            |count| {
                format!(
                    "{} of the metadata {} not in there",
                    counted(count, "image"),
                    if count == 1 { "is" } else { "are" }
                )
            },
            "Name every folder of images (--images may be repeated), or say --allow-missing to leave them out.",
        )
    }
}

fn same_contents(a: &Path, b: &Path) -> Result<bool> {
    let read = |path: &Path| std::fs::read(path).map_err(Error::io("read", path));
    Ok(read(a)? == read(b)?)
}

fn list(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
    names.join(", ")
}
