//! Images in one folder for each class, optionally below `train`, `val` and `test`, as torchvision's ImageFolder reads
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::metadata::{Fields, Metadata, Row};
use super::sample::Split;
use crate::imaging::find::is_dangling_link;
use crate::imaging::kind;
use crate::{Error, Result, files};

/// The names of the folders of splits.
const SPLITS: [(&str, Split); 5] = [
    ("train", Split::Train),
    ("val", Split::Val),
    ("valid", Split::Val),
    ("validation", Split::Val),
    ("test", Split::Test),
];

/// The images of a folder for each class.
#[derive(Debug)]
pub struct ClassFolders {
    /// Their rows: the id of an image is its path below the folder without extension, its label the folder's name.
    pub metadata: Metadata,
    /// The file of each image, by id.
    pub files: BTreeMap<String, PathBuf>,
    /// The split of each image, by id; empty if the folder is not divided.
    pub splits: BTreeMap<String, Split>,
}

/// Reads a folder of class folders, whose images come from `source`; empty for none.
///
/// # Errors
/// No class folders, images beside them, folders of splits beside those of classes, `test` or `val` without `train`,
/// and two images of one name.
pub fn read(folder: &Path, source: &str) -> Result<ClassFolders> {
    let names = subfolders(folder)?;
    let splits: BTreeMap<&str, Split> = (SPLITS.into_iter())
        .filter(|(name, _)| names.contains(*name))
        .collect();
    let refuse = |problem: String| {
        Error::file(
            folder,
            problem,
            "--images-by-class takes a folder with one folder of images for each class, or train, val and test with these.",
        )
    };
    let mut read = ClassFolders {
        metadata: Metadata {
            rows: Vec::new(),
            rows_read: 0,
            repeated: 0,
            sha256: String::new(),
            completes_others: false,
        },
        files: BTreeMap::new(),
        splits: BTreeMap::new(),
    };
    if splits.is_empty() {
        for name in &names {
            read.add(folder, &folder.join(name), name, None)?;
        }
    } else {
        if let Some(other) = names
            .iter()
            .find(|name| !splits.contains_key(name.as_str()))
        {
            return Err(refuse(format!(
                "the folder {other} lies beside those of splits"
            )));
        }
        for required in [Split::Train, Split::Val] {
            if !splits.values().any(|split| *split == required) {
                return Err(refuse(format!("there is no folder {required}")));
            }
        }
        for (name, split) in splits {
            for class in subfolders(&folder.join(name))? {
                let of_class = folder.join(name).join(&class);
                read.add(folder, &of_class, &class, Some(split))?;
            }
        }
    }
    if read.files.is_empty() {
        return Err(refuse("no images in class folders".to_owned()));
    }
    let listing: String = (read.metadata.rows.iter())
        .map(|row| format!("{}\t{}\n", row.fields.image_id, row.fields.labels.concat()))
        .collect();
    read.metadata.sha256 = files::sha256(listing.as_bytes());
    for row in &mut read.metadata.rows {
        source.clone_into(&mut row.fields.source);
    }
    read.metadata.rows_read = read.metadata.rows.len();
    Ok(read)
}

impl ClassFolders {
    /// Adds the images of a class folder and its subfolders.
    fn add(&mut self, root: &Path, folder: &Path, label: &str, split: Option<Split>) -> Result<()> {
        for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            if entry.as_ref().err().is_some_and(is_dangling_link) {
                continue;
            }
            let entry = entry.map_err(Error::walk(folder))?;
            if !entry.file_type().is_file() || !kind::is_read(entry.path()) {
                continue;
            }
            let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let id = below.with_extension("");
            let id = id.to_string_lossy().replace('\\', "/");
            if let Some(other) = self.files.insert(id.clone(), entry.path().to_owned()) {
                return Err(Error::file(
                    entry.path(),
                    format!("another image has the same name: {}", other.display()),
                    "Rename or remove one of them.",
                ));
            }
            if let Some(split) = split {
                self.splits.insert(id.clone(), split);
            }
            let fields = Fields::of_image(id, label).map_err(|problem| {
                Error::file(entry.path(), problem, "Rename the file or its folder.")
            })?;
            self.metadata.rows.push(Row { line: 0, fields });
        }
        Ok(())
    }
}

/// The names of the folders in a folder. Hidden ones are passed over.
fn subfolders(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && !name.as_encoded_bytes().starts_with(b".") {
            let name = name.to_str().ok_or_else(|| {
                Error::file(
                    &path,
                    "the name of this folder is not UTF-8",
                    "Rename it to the label of its class.",
                )
            })?;
            names.insert(name.to_owned());
        } else if path.is_file() && kind::is_read(&path) {
            return Err(Error::file(
                &path,
                "an image outside of a class folder",
                "Move it into the folder of its class, or remove it.",
            ));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for file in files {
            let path = home.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        home
    }

    #[test]
    fn the_folder_of_an_image_is_its_label_and_its_path_its_id() {
        let home = folder(&["mel/1.jpg", "nv/1.jpg", "nv/deep/2.png", "nv/notes.txt"]);
        let read = read(home.path(), "").unwrap();
        let rows: Vec<_> = (read.metadata.rows.iter())
            .map(|row| (row.fields.image_id.as_str(), row.fields.labels[0].as_str()))
            .collect();
        assert_eq!(
            rows,
            [("mel/1", "mel"), ("nv/1", "nv"), ("nv/deep/2", "nv")]
        );
        assert!(read.splits.is_empty());
    }

    #[test]
    fn folders_of_splits_above_the_classes_give_the_splits() {
        let home = folder(&["train/mel/1.jpg", "valid/mel/1.jpg", "test/nv/1.jpg"]);
        let splits = read(home.path(), "").unwrap().splits;
        assert_eq!(splits["train/mel/1"], Split::Train);
        assert_eq!(splits["valid/mel/1"], Split::Val);
        assert_eq!(splits["test/nv/1"], Split::Test);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_nothing_are_passed_over() {
        let home = folder(&["mel/1.jpg", "nv/1.jpg"]);
        for name in ["mel/2.jpg", "mel/.#notes", "link"] {
            std::os::unix::fs::symlink("nothing", home.path().join(name)).unwrap();
        }
        assert_eq!(read(home.path(), "").unwrap().files.len(), 2);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_whose_name_is_not_utf_8_is_named_as_such() {
        use std::os::unix::ffi::OsStrExt;
        let home = folder(&["mel/1.jpg"]);
        let name = std::ffi::OsStr::from_bytes(b"n\xe9vus");
        fs::create_dir(home.path().join(name)).unwrap();
        let error = read(home.path(), "").unwrap_err().to_string();
        assert!(error.contains("is not UTF-8"), "{error}");
    }

    #[test]
    fn other_folders_are_refused() {
        for (files, problem) in [
            (&["a.jpg"][..], "outside of a class folder"),
            (&["mel/a.txt"], "no images in class folders"),
            (
                &["train/mel/1.jpg", "mel/1.jpg"],
                "the folder mel lies beside",
            ),
            (&["train/mel/1.jpg", "test/mel/1.jpg"], "no folder val"),
            (&["mel/1.jpg", "mel/1.png"], "the same name"),
        ] {
            let home = folder(files);
            let error = read(home.path(), "").unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
