//! The description within a TorchScript file, which is a ZIP archive.

use std::io::Cursor;
use std::path::Path;

use zip::ZipArchive;

/// The archive's folder of extra files, in which `torch.jit.load` finds them by name.
pub const EXTRA: &str = "extra/";

/// The description's name among the extra files.
pub const DESCRIPTION: &str = "model.json";

/// The description within a TorchScript file, if there is one.
pub fn description(path: &Path) -> Option<serde_json::Value> {
    let bytes = std::fs::read(path).ok()?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let suffix = format!("/{EXTRA}{DESCRIPTION}");
    let mut names = archive.file_names().flatten().map(String::from);
    let name = names.find(|name| name.ends_with(&suffix))?;
    drop(names);
    serde_json::from_reader(archive.by_name(&name).ok()?).ok()
}
