//! Embeds the phone page, which `scripts/web` builds in `web/dist/`, into the program.
//!
//! Files are compressed here, once, and the server sends the compressed bytes. The WebAssembly runtimes shrink to a
//! quarter. Without `web/dist/` the list is empty, and the program explains how to build the page.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};

/// Folder of the built page.
const PAGE: &str = "web/dist";

/// Folder of the page's sources, which contains `dist/` after a build.
const SOURCES: &str = "web";

/// Writes `page.rs` (the list of the page's files) and the compressed files to `out`.
pub fn embed(out: &Path) -> io::Result<()> {
    watch();
    let mut list = BufWriter::new(File::create(out.join("page.rs"))?);
    writeln!(list, "static EMBEDDED: &[Embedded] = &[")?;
    for (number, (path, name)) in files()?.iter().enumerate() {
        let bytes = fs::read(path)?;
        let file = format!("page-{number}.gz");
        // No time and no name in the header, so that builds are reproducible.
        let mut gzip = GzBuilder::new().write(File::create(out.join(&file))?, Compression::best());
        gzip.write_all(&bytes)?;
        gzip.finish()?;
        let gzip = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\"))");
        writeln!(list, "    Embedded {{ path: {name:?}, gzip: {gzip} }},")?;
    }
    writeln!(list, "];")?;
    list.flush()
}

/// Makes cargo rerun the build script when the page changes. If the page is not built yet, its parent folder is watched
/// instead: with a path that does not exist, cargo would rerun the build script on every build.
fn watch() {
    if let Some(path) = [PAGE, SOURCES].iter().find(|path| Path::new(path).exists()) {
        println!("cargo:rerun-if-changed={path}");
    }
}

/// The page's files with their names within the page, sorted; none if the page was not built.
fn files() -> io::Result<Vec<(PathBuf, String)>> {
    let root = Path::new(PAGE);
    let mut files = Vec::new();
    if !root.join("index.html").is_file() {
        return Ok(files);
    }
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(name) = name(root, &path) {
                files.push((path, name));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file within the page, with `/` on every system. Hidden files and source maps are excluded.
fn name(root: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.iter();
    let parts: Option<Vec<&str>> = parts.map(|part| part.to_str()).collect();
    let name = parts?.join("/");
    let excluded = name.ends_with(".map") || name.split('/').any(|part| part.starts_with('.'));
    (!excluded).then_some(name)
}
