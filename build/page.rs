//! Puts the phone page that `scripts/web` built in `web/dist/` into the program.
//!
//! Each file is deflated once, here: the runtimes in WebAssembly shrink to a quarter, and the server hands out
//! the very bytes. Without `web/dist/` the list is empty, and the program says how to get the page.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};

/// Where `scripts/web` builds the page.
const PAGE: &str = "web/dist";

/// Its sources, where `dist/` will appear.
const SOURCES: &str = "web";

/// Writes `page.rs`, the list of the page's files, and the files themselves to `out`.
pub fn embed(out: &Path) -> io::Result<()> {
    watch();
    let mut list = BufWriter::new(File::create(out.join("page.rs"))?);
    writeln!(list, "static EMBEDDED: &[Embedded] = &[")?;
    for (number, (path, name)) in files()?.iter().enumerate() {
        let bytes = fs::read(path)?;
        let file = format!("page-{number}.gz");
        // No time and no name in the header: the same page gives the same program.
        let mut gzip = GzBuilder::new().write(File::create(out.join(&file))?, Compression::best());
        gzip.write_all(&bytes)?;
        gzip.finish()?;
        let gzip = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\"))");
        writeln!(list, "    Embedded {{ path: {name:?}, gzip: {gzip} }},")?;
    }
    writeln!(list, "];")?;
    list.flush()
}

/// Asks to be run again when the page changes. A path that does not exist would have cargo run this on every build,
/// so before there is a page the folder is watched in which it will appear.
fn watch() {
    if let Some(path) = [PAGE, SOURCES].iter().find(|path| Path::new(path).exists()) {
        println!("cargo:rerun-if-changed={path}");
    }
}

/// The page's files with their names within it, sorted; none if it was not built.
fn files() -> io::Result<Vec<(PathBuf, String)>> {
    let home = Path::new(PAGE);
    let mut files = Vec::new();
    if !home.join("index.html").is_file() {
        return Ok(files);
    }
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(name) = name(home, &path) {
                files.push((path, name));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file within the page, with `/` on every system. Hidden files, and the maps by which developers
/// read the scripts, stay outside.
fn name(home: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(home).ok()?.iter();
    let parts: Option<Vec<&str>> = parts.map(|part| part.to_str()).collect();
    let name = parts?.join("/");
    let left_out = name.ends_with(".map") || name.split('/').any(|part| part.starts_with('.'));
    (!left_out).then_some(name)
}
