//! The files of the page: embedded in the program, or read from a folder during development.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::gzip::{deflate, inflate};
use crate::{Error, Result};

/// The entry file. A folder that contains it is recognized as a page.
pub const INDEX: &str = "index.html";

/// A file as compressed by the build script (`build/page.rs`).
struct Embedded {
    path: &'static str,
    gzip: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// A built page.
#[derive(Debug)]
pub struct Page {
    files: Vec<PageFile>,
}

/// One file of a page.
#[derive(Debug)]
pub struct PageFile {
    name: Cow<'static, str>,
    gzip: Cow<'static, [u8]>,
}

impl Page {
    /// The embedded page.
    ///
    /// # Errors
    /// A program that was built without the page.
    pub fn embedded() -> Result<Self> {
        if EMBEDDED.is_empty() {
            return Err(Error::input(
                "the phone page",
                "this program was built without it",
                "Run scripts/web, which needs Node.js, then build again (`make build` does both).",
            ));
        }
        let files = EMBEDDED.iter().map(|file| PageFile {
            name: file.path.into(),
            gzip: file.gzip.into(),
        });
        Ok(Self {
            files: files.collect(),
        })
    }

    /// Reads a page from a folder, such as `web/dist`. Links and hidden files (`.env`, `.git`) are left out.
    pub fn read(folder: &Path) -> Result<Self> {
        if !folder.join(INDEX).is_file() {
            return Err(Error::file(
                folder,
                format!("this folder has no {INDEX}, so it is not a built page"),
                "Give the folder that scripts/web builds: web/dist.",
            ));
        }
        let mut files = Vec::new();
        let visible = |entry: &DirEntry| {
            entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
        };
        let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(visible) {
            let entry = entry.map_err(Error::walk(folder))?;
            if !entry.file_type().is_file() {
                continue;
            }
            let bytes = fs::read(entry.path()).map_err(Error::io("read", entry.path()))?;
            files.push(PageFile {
                name: name_within(folder, entry.path()).into(),
                gzip: deflate(&bytes)
                    .map_err(Error::io("read", entry.path()))?
                    .into(),
            });
        }
        Ok(Self { files })
    }

    /// The files, sorted by name.
    pub fn files(&self) -> &[PageFile] {
        &self.files
    }
}

impl PageFile {
    /// The path within the page, with `/` as separator, such as `assets/index.js`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The contents, compressed.
    pub fn gzip(&self) -> &Cow<'static, [u8]> {
        &self.gzip
    }

    /// The contents.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        inflate(&self.gzip).map_err(Error::io("inflate", Path::new(&*self.name)))
    }
}

fn name_within(folder: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(folder).unwrap_or(path).iter();
    let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
