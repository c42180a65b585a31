//! The released network: the export folder `exports/released`, which the program contains.

use std::fs;
use std::path::{Path, PathBuf};

use super::package::MODEL_FILE;
use crate::cache::cache_folder;
use crate::{Error, Result, files};

// EMBEDDED: the names and contents of its files.
include!(concat!(env!("OUT_DIR"), "/released.rs"));

/// What stands for the released network wherever a network is named.
pub const NAME: &str = "released";

/// The path itself; for [`NAME`], unless there is a file or folder of that name, an export folder with the released
/// network. It is written into the user's cache folder when it is first needed, and again if it was changed.
///
/// # Errors
/// A cache folder that cannot be written, and a program that was built without `exports/released`.
pub fn resolve(path: &Path) -> Result<PathBuf> {
    if path != Path::new(NAME) || path.exists() {
        return Ok(path.to_owned());
    }
    let description = EMBEDDED.iter().find(|(name, _)| *name == MODEL_FILE);
    let (_, description) = description.ok_or_else(|| {
        Error::input(
            NAME,
            "this program was built without the released network",
            "Name an export folder, or build the program in a clone with exports/released.",
        )
    })?;
    let version = files::sha256(description);
    let folder = cache_folder().join(format!("{NAME}-{}", &version[..12]));
    unpack(&folder).map_err(|error| {
        Error::input(
            NAME,
            error.to_string(),
            "Set the environment variable SKINLESION_CACHE to a folder that you can write to.",
        )
    })?;
    Ok(folder)
}

/// Writes the files that are missing or different.
fn unpack(folder: &Path) -> Result<()> {
    for (name, bytes) in EMBEDDED {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|found| found == *bytes) {
            continue;
        }
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        files::write_atomically(&path, bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_written_once_and_a_changed_one_again() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("cache/released");
        unpack(&folder).unwrap();
        for file in ["model.json", "checkpoint.json", "golden.json", "model.onnx"] {
            let path = folder.join(file);
            let source = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("exports/released")
                .join(file);
            assert_eq!(
                fs::read(&path).unwrap(),
                fs::read(source).unwrap(),
                "{file}"
            );
        }
        let written = |file| fs::metadata(folder.join(file)).unwrap().modified().unwrap();
        let before = written("model.onnx");
        fs::write(folder.join("labels.txt"), "nonsense").unwrap();
        unpack(&folder).unwrap();
        assert_eq!(written("model.onnx"), before);
        assert!(
            fs::read_to_string(folder.join("labels.txt"))
                .unwrap()
                .starts_with("akiec")
        );
    }

    #[test]
    fn other_paths_are_left_as_they_are() {
        for path in ["exports/released", "released.onnx", "./released"] {
            assert_eq!(resolve(Path::new(path)).unwrap(), Path::new(path));
        }
    }
}
