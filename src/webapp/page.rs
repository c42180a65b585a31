//! The page's own files: those inside the program, or those of a folder, for people who work on the page.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use super::gzip::{deflate, inflate};
use crate::{Error, Result};

/// The file that a browser asks for first. By it a folder with a page is known.
pub const INDEX: &str = "index.html";

/// A file as the build script (`build/page.rs`) deflated it.
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
    /// The page inside this program; an error with the remedy if the program was built without it.
    pub fn embedded() -> Result<Self> {
        if EMBEDDED.is_empty() {
            return Err(Error::input(
                "the phone page",
                "it is not in this program, which was built before the page was",
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

    /// The page in a folder, such as `web/dist`, read whole.
    pub fn read(folder: &Path) -> Result<Self> {
        if !folder.join(INDEX).is_file() {
            return Err(Error::file(
                folder,
                format!("this folder holds no {INDEX}, so it is no page"),
                "Give the folder that scripts/web builds, web/dist.",
            ));
        }
        let mut files = Vec::new();
        for entry in WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|error| Error::io("read", folder)(error.into()))?;
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

    /// Its files, sorted by name.
    pub fn files(&self) -> &[PageFile] {
        &self.files
    }
}

impl PageFile {
    /// Where it lies within the page, with `/` between folders: `assets/index.js`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file in gzip's form.
    pub fn gzip(&self) -> &Cow<'static, [u8]> {
        &self.gzip
    }

    /// The file itself.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        inflate(&self.gzip).map_err(Error::io("inflate", Path::new(&*self.name)))
    }
}

fn name_within(folder: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(folder).unwrap_or(path).iter();
    let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
