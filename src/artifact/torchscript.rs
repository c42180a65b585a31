//! The description within a TorchScript file, which is a ZIP archive.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use zip::ZipArchive;

use crate::{Result, reading};

/// The archive's folder of extra files, in which `torch.jit.load` finds them by name.
pub const EXTRA: &str = "extra/";

/// The description's name among the extra files.
pub const DESCRIPTION: &str = "model.json";

/// The description within a TorchScript file, if there is one.
pub fn description(path: &Path) -> Result<Option<serde_json::Value>> {
    let bytes = reading::read(path, reading::MAX_NETWORK)?;
    let read = || {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
        let suffix = format!("/{EXTRA}{DESCRIPTION}");
        let mut names = archive.file_names().flatten().map(String::from);
        let name = names.find(|name| name.ends_with(&suffix))?;
        drop(names);
        // What is longer is cut, and then no JSON: an entry may unpack to far more than the archive.
        let entry = archive.by_name(&name).ok()?.take(reading::MAX_JSON);
        serde_json::from_reader(BufReader::new(entry)).ok()
    };
    Ok(read())
}
