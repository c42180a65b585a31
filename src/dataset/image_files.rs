//! Finds image files by image id.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::findings::{Findings, counted};
use crate::imaging::find::is_dangling_link;
use crate::imaging::kind;
use crate::{Error, Result, reading};

/// All image files below some folders, by image id (the file name without extension).
#[derive(Debug)]
pub struct Images {
    folders: Vec<PathBuf>,
    /// Most ids have one file. Those with several are compared in [`Images::file`].
    files: HashMap<String, Vec<PathBuf>>,
}

impl Images {
    /// Walks the folders, following links, and collects the files of kinds that are read; case is ignored.
    pub fn find(folders: &[PathBuf]) -> Result<Self> {
        let mut files: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for folder in folders {
            if !folder.is_dir() {
                return Err(Error::file(
                    folder,
                    "no such folder",
                    "Pass the folder that holds the photographs with --images.",
                ));
            }
            for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
                // An image behind a link to nothing is missing; no other link matters.
                if entry.as_ref().err().is_some_and(is_dangling_link) {
                    continue;
                }
                let entry = entry.map_err(Error::walk(folder))?;
                let path = entry.path();
                if entry.file_type().is_file()
                    && kind::is_read(path)
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
                "no photograph (.jpg, .jpeg, .png, .webp, .tif, .tiff or .bmp) found",
                "Pass the folder that holds the photographs with --images.",
            ));
        }
        Ok(Self {
            folders: folders.to_vec(),
            files,
        })
    }

    /// Files whose images are known by id.
    pub fn known(folder: &Path, files: BTreeMap<String, PathBuf>) -> Self {
        Self {
            folders: vec![folder.to_owned()],
            files: files
                .into_iter()
                .map(|(id, file)| (id, vec![file]))
                .collect(),
        }
    }

    /// The file of an image, if there is one. Of several with the same bytes it is the first found.
    ///
    /// # Errors
    /// Two files have the same id and different contents.
    pub fn file(&self, image_id: &str) -> Result<Option<&Path>> {
        let Some((first, others)) = self.files.get(image_id).and_then(|f| f.split_first()) else {
            return Ok(None);
        };
        for other in others {
            if !same_contents(first, other)? {
                return Err(Error::file(
                    first,
                    format!("another image has the same id: {}", other.display()),
                    "The files differ. Remove or rename one of them, or pass fewer folders with --images.",
                ));
            }
        }
        Ok(Some(first))
    }

    /// Returns an error if images of the metadata are not on disk.
    pub fn refuse_missing(&self, missing: &Findings) -> Result<()> {
        missing.refuse(
            list(&self.folders),
            |count| {
                format!(
                    "{} of the metadata {} not found",
                    counted(count, "image"),
                    if count == 1 { "is" } else { "are" }
                )
            },
            "Pass every image folder (--images may be repeated); --allow-missing leaves such images out.",
        )
    }
}

fn same_contents(a: &Path, b: &Path) -> Result<bool> {
    let read = |path: &Path| reading::read(path, reading::MAX_PHOTOGRAPH);
    Ok(read(a)? == read(b)?)
}

fn list(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_no_image_and_does_not_stop_the_search() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a.jpg"), "").unwrap();
        for name in ["b.jpg", ".#notes.txt"] {
            std::os::unix::fs::symlink("nothing", home.path().join(name)).unwrap();
        }
        let images = Images::find(&[home.path().to_owned()]).unwrap();
        assert!(images.file("a").unwrap().is_some());
        assert_eq!(images.file("b").unwrap(), None);
    }
}
