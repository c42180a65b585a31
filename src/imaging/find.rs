//! Search for image files in the files and folders that a user names.

use std::collections::BTreeMap;
use std::fs::FileType;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::kind;
use crate::{Error, Result};

/// The path that means standard input.
const STANDARD_INPUT: &str = "-";

/// What was found at some paths.
#[derive(Debug, Default)]
pub struct Found {
    /// The image files in the order of the paths, those of a folder sorted. A path at which there is none is an error.
    pub images: Vec<(PathBuf, Result<()>)>,
    /// The number of files in folders that cannot be read, by kind ([`kind::by_name`]).
    pub left_out: BTreeMap<String, usize>,
}

impl Found {
    /// The files that were left out, as "7 left out: 1 HEIC, 6 TXT"; `None` if there are none.
    pub fn left_out(&self) -> Option<String> {
        let total: usize = self.left_out.values().sum();
        let kinds = self.left_out.iter().map(|(kind, n)| format!("{n} {kind}"));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        (total > 0).then(|| format!("{total} left out: {kinds}"))
    }
}

/// The images at the given paths: a file itself, whatever its extension, all images below a folder, and standard input
/// for [`STANDARD_INPUT`]. Hidden files of a folder are passed over.
pub fn find(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        match look_at(path) {
            Ok(true) => found.search(path),
            Ok(false)
                if is_stdin(path) && found.images.iter().any(|(image, _)| is_stdin(image)) =>
            {
                let problem = "standard input is named twice";
                let error =
                    Error::input(STANDARD_INPUT, problem, "It holds one image: name it once.");
                found.images.push((path.clone(), Err(error)));
            }
            Ok(false) => found.images.push((path.clone(), Ok(()))),
            Err(error) => found.images.push((path.clone(), Err(error))),
        }
    }
    found
}

/// Whether a path means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}

/// Whether a walk over a folder failed at a link to nothing, such as an Emacs lock.
pub fn is_dangling_link(error: &walkdir::Error) -> bool {
    let is_missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    error.io_error().is_some_and(is_missing)
        && error.depth() > 0
        && error.path().is_some_and(Path::is_symlink)
}

/// Whether a path is a folder, and not an image.
fn look_at(path: &Path) -> Result<bool> {
    if is_stdin(path) {
        return match std::io::stdin().is_terminal() {
            true => Err(Error::input(
                STANDARD_INPUT,
                "standard input is a terminal",
                "Redirect an image into it: … - < photograph.jpg",
            )),
            false => Ok(false),
        };
    }
    if !path.exists() {
        let remedy = "Pass an image file, a folder of images, or - for standard input.";
        return Err(Error::file(path, "not found", remedy));
    }
    let metadata = std::fs::metadata(path).map_err(Error::io("read", path))?;
    match special(metadata.file_type()) {
        Some(what) => Err(Error::file(
            path,
            format!("this is {what}, not an image file"),
            "Pass - to read an image from standard input.",
        )),
        None => Ok(metadata.is_dir()),
    }
}

/// The name of a file that is neither regular nor a folder: reading it may never end.
#[cfg(unix)]
fn special(file: FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    match file {
        _ if file.is_fifo() => Some("a pipe"),
        _ if file.is_socket() => Some("a socket"),
        _ if file.is_char_device() || file.is_block_device() => Some("a device"),
        _ => None,
    }
}

#[cfg(not(unix))]
fn special(file: FileType) -> Option<&'static str> {
    (!file.is_file() && !file.is_dir()).then_some("a device")
}

impl Found {
    /// Adds the images below a folder.
    fn search(&mut self, folder: &Path) {
        let before = self.images.len();
        let mut left_out = BTreeMap::new();
        for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if !entry.file_type().is_file() => {}
                Ok(entry) if kind::is_read(entry.path()) => {
                    self.images.push((entry.into_path(), Ok(())));
                }
                Ok(entry) if entry.file_name().to_string_lossy().starts_with('.') => {}
                Ok(entry) => *left_out.entry(kind::by_name(entry.path())).or_insert(0) += 1,
                Err(error)
                    if is_dangling_link(&error) && !error.path().is_some_and(kind::is_read) => {}
                Err(error) => {
                    let place = error.path().unwrap_or(folder).to_owned();
                    let error = Error::walk(folder)(error);
                    self.images.push((place, Err(error)));
                }
            }
        }
        if self.images.len() == before {
            let problem = format!(
                "contains no {} file, nor do its subfolders",
                kind::NAMES.replace(" or ", ", ")
            );
            let remedy = "Pass an image file, or a folder of images.";
            let error = Error::file(folder, problem, remedy);
            self.images.push((folder.to_owned(), Err(error)));
        }
        for (kind, n) in left_out {
            *self.left_out.entry(kind).or_insert(0) += n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(found: &Found) -> Vec<String> {
        let errors = found
            .images
            .iter()
            .filter_map(|(_, found)| found.as_ref().err());
        errors.map(Error::to_string).collect()
    }

    #[test]
    fn a_folder_yields_its_images_sorted_and_others_are_counted_by_kind() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("deep")).unwrap();
        let files = [
            "b.JPG",
            "a.webp",
            "deep/c.Png",
            "1.heic",
            "2.HEIC",
            "notes.txt",
            "README",
        ];
        for name in files.into_iter().chain([".hidden"]) {
            std::fs::write(home.path().join(name), "").unwrap();
        }
        let found = find(&[home.path().to_owned(), home.path().join("gone.jpg")]);
        let names: Vec<_> = found.images[..3]
            .iter()
            .map(|(path, _)| path.strip_prefix(home.path()).unwrap())
            .collect();
        assert_eq!(names, ["a.webp", "b.JPG", "deep/c.Png"].map(Path::new));
        assert!(problems(&found)[0].contains("gone.jpg: not found"));
        let said = "4 left out: 2 HEIC, 1 TXT, 1 without extension";
        assert_eq!(found.left_out().as_deref(), Some(said));

        std::fs::rename(
            home.path().join("deep/c.Png"),
            home.path().join("deep/c.gif"),
        )
        .unwrap();
        let found = find(&[home.path().join("deep")]);
        assert!(problems(&found)[0].contains("contains no JPEG, PNG, WebP, TIFF, BMP file"));
        assert_eq!(found.left_out().as_deref(), Some("1 left out: 1 GIF"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_an_error_only_in_place_of_an_image() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a.jpg"), "").unwrap();
        for name in ["b.jpg", ".#notes.txt", "folder"] {
            std::os::unix::fs::symlink("nothing", home.path().join(name)).unwrap();
        }
        let found = find(&[home.path().to_owned()]);
        let said = problems(&found);
        assert!(said.len() == 1 && said[0].contains("b.jpg"), "{said:?}");
        assert_eq!(found.left_out(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_or_socket_is_refused_and_not_read() {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("socket");
        let _open = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let found = find(&["/dev/zero".into(), socket]);
        let said = problems(&found);
        assert!(said[0].contains("this is a device"), "{said:?}");
        assert!(said[1].contains("this is a socket"), "{said:?}");
    }
}
