//! Embeds the released network into the program, so that it has one wherever it is installed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Folder of the released export.
const RELEASED: &str = "exports/released";

/// The digests of an export's files; of the embedded ones alone in the program.
const SUMS: &str = "SHA256SUMS";

/// What `predict`, `eval` and `serve` read of an export: its descriptions, ONNX networks and golden pictures.
const EXTENSIONS: [&str; 4] = ["json", "onnx", "png", "txt"];

/// Writes `released.rs`, the list of the export's files with their contents, to `out`. It is empty without the folder.
pub fn embed(out: &Path) -> io::Result<()> {
    let mut list = BufWriter::new(File::create(out.join("released.rs"))?);
    writeln!(list, "static EMBEDDED: &[(&str, &[u8])] = &[")?;
    let root = Path::new(RELEASED);
    if root.is_dir() {
        println!("cargo:rerun-if-changed={RELEASED}");
        let mut names = Vec::new();
        for path in files(root)? {
            // With `/` on every system.
            let name = path.strip_prefix(root).unwrap_or(&path).display();
            let name = name.to_string().replace('\\', "/");
            let path = path.canonicalize()?;
            writeln!(list, "    ({name:?}, include_bytes!({path:?})),")?;
            names.push(name);
        }
        let sums = fs::read_to_string(root.join(SUMS))?;
        let embedded = |line: &&str| {
            names
                .iter()
                .any(|name| line.ends_with(&format!("  {name}")))
        };
        let lines: Vec<&str> = sums.lines().filter(embedded).collect();
        let path = out.join(SUMS);
        fs::write(&path, lines.join("\n") + "\n")?;
        writeln!(list, "    ({SUMS:?}, include_bytes!({path:?})),")?;
    }
    writeln!(list, "];")?;
    list.flush()
}

/// The files of a folder and its subfolders, sorted.
fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
