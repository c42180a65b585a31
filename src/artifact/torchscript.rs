//! The description within a TorchScript file, which is a ZIP archive.

use std::io::Cursor;
use std::path::Path;

use zip::ZipArchive;

/// Where extra files lie within the archive; `torch.jit.load` finds them there by name.
pub const EXTRA: &str = "extra/";

/// The description's name among the extra files.
pub const DESCRIPTION: &str = "model.json";

/// The description within a TorchScript file, if it has one.
pub fn description(path: &Path) -> Option<serde_json::Value> {
    let bytes = std::fs::read(path).ok()?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let wanted = format!("/{EXTRA}{DESCRIPTION}");
    let mut names = archive.file_names().flatten().map(String::from);
    let name = names.find(|name| name.ends_with(&wanted))?;
    drop(names);
    serde_json::from_reader(archive.by_name(&name).ok()?).ok()
}
