//! Search for image files in the files and folders that a user names.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::{Error, Result};

/// File extensions of images within folders, in any case.
const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];

/// The image files at the given paths: a file itself, whatever its extension, and all images below a folder, sorted.
/// Paths that are not found are errors in the result, in the same order.
pub fn find(paths: &[PathBuf]) -> Vec<Result<PathBuf>> {
    paths.iter().flat_map(|path| find_one(path)).collect()
}

fn find_one(path: &Path) -> Vec<Result<PathBuf>> {
    if !path.exists() {
        let remedy = "Pass an image file, or a folder of images.";
        return vec![Err(Error::file(path, "not found", remedy))];
    }
    if !path.is_dir() {
        return vec![Ok(path.to_owned())];
    }
    let found: Vec<_> = WalkDir::new(path)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| match entry {
            Ok(entry) if entry.file_type().is_file() && is_photograph(entry.path()) => {
                Some(Ok(entry.into_path()))
            }
            Ok(_) => None,
            Err(error) => {
                let place = error.path().unwrap_or(path).to_owned();
                Some(Err(Error::io("read", &place)(error.into())))
            }
        })
        .collect();
    if found.is_empty() {
        let problem = "contains no .jpg, .jpeg or .png file, nor do its subfolders";
        let remedy = "Pass an image file, or a folder of images.";
        return vec![Err(Error::file(path, problem, remedy))];
    }
    found
}

/// Whether a file has the extension of an image.
pub fn is_photograph(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|e| found.eq_ignore_ascii_case(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_yields_its_images_sorted_and_a_missing_path_an_error() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("deep")).unwrap();
        for name in ["b.JPG", "a.jpeg", "deep/c.Png", "notes.txt"] {
            std::fs::write(home.path().join(name), "").unwrap();
        }
        let found = find(&[home.path().to_owned(), home.path().join("gone.jpg")]);
        let names: Vec<_> = found[..3]
            .iter()
            .map(|path| path.as_ref().unwrap().strip_prefix(home.path()).unwrap())
            .collect();
        assert_eq!(names, ["a.jpeg", "b.JPG", "deep/c.Png"].map(Path::new));
        assert!(
            found[3]
                .as_ref()
                .unwrap_err()
                .to_string()
                .contains("gone.jpg")
        );
        std::fs::remove_file(home.path().join("deep/c.Png")).unwrap();
        assert!(find(&[home.path().join("deep")])[0].is_err());
    }
}
