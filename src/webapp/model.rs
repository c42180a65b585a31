//! What the page reads of an export folder, under `model/`: `model.json`, the ONNX networks that it lists, and the
//! golden vectors by which the page checks itself on the device.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::artifact::package::{GOLDEN_FILE, GOLDEN_FOLDER, MODEL_FILE};
use crate::{Error, Result, files};

/// The folder beside the page in which it looks.
pub const FOLDER: &str = "model";

/// The formats that the page's runtime reads.
const FORMATS: [&str; 3] = ["onnx", "onnx-fp16", "onnx-int8"];

/// One file that the page reads, in memory.
pub struct ModelFile {
    /// Its name as the page asks for it: `model/model.onnx`.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// The part of `model.json` that says which files there are.
#[derive(Deserialize)]
struct Listing {
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    file: String,
    format: String,
    sha256: String,
}

/// Reads all of it into memory: `model.json` first, then the networks in its order, then the golden vectors if the
/// folder has them. A folder without `model.json` or without a network that the page can run is refused, and so is
/// one with a network that has changed since it was checked.
pub fn read(export: &Path) -> Result<Vec<ModelFile>> {
    let listing = export.join(MODEL_FILE);
    if !listing.is_file() {
        return Err(Error::file(
            export,
            format!("this folder holds no {MODEL_FILE}, so it is no export"),
            "Give a folder that `skinlesion export` wrote.",
        ));
    }
    let text = read_file(&listing)?;
    let listed: Listing = serde_json::from_slice(&text).map_err(|error| {
        Error::line(
            &listing,
            error.line() as u64,
            format!("it does not list its networks ({error})"),
            "Export again with this version of `skinlesion export`.",
        )
    })?;
    let mut all = vec![named(MODEL_FILE, text)];
    for network in &listed.files {
        if FORMATS.contains(&network.format.as_str()) {
            all.push(named(&network.file, checked(export, network)?));
        }
    }
    if all.len() == 1 {
        return Err(Error::file(
            export,
            "it holds no ONNX file, which is what the page runs",
            "Export again with --format onnx, alone or among others.",
        ));
    }
    all.extend(golden(export)?);
    Ok(all)
}

/// A network's bytes, which must be those that were compared with the checkpoint.
fn checked(export: &Path, network: &Listed) -> Result<Vec<u8>> {
    let path = export.join(&network.file);
    let plain = Path::new(&network.file)
        .file_name()
        .is_some_and(|name| name == &*network.file);
    if !plain {
        return Err(Error::file(
            &export.join(MODEL_FILE),
            format!(
                "it names '{}', which is not a file of its folder",
                network.file
            ),
            "Export again.",
        ));
    }
    let bytes = read_file(&path)?;
    if files::sha256(&bytes) != network.sha256 {
        return Err(Error::file(
            &path,
            format!(
                "its SHA-256 is not the one in {MODEL_FILE}: it has changed since it was checked"
            ),
            "Export again, or fetch the folder again.",
        ));
    }
    Ok(bytes)
}

/// The golden vectors, if the export has them: exports made by earlier versions do not.
fn golden(export: &Path) -> Result<Vec<ModelFile>> {
    let list = export.join(GOLDEN_FILE);
    let folder = export.join(GOLDEN_FOLDER);
    if !list.is_file() {
        return Ok(Vec::new());
    }
    let mut all = vec![named(GOLDEN_FILE, read_file(&list)?)];
    let mut pictures = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
        let path = entry.map_err(Error::io("read", &folder))?.path();
        if let (Some(name), Some("png")) = (
            path.file_name().and_then(|name| name.to_str()),
            path.extension().and_then(|extension| extension.to_str()),
        ) {
            pictures.push((format!("{GOLDEN_FOLDER}/{name}"), path.clone()));
        }
    }
    pictures.sort();
    for (name, path) in pictures {
        all.push(named(&name, read_file(&path)?));
    }
    Ok(all)
}

fn named(name: &str, bytes: Vec<u8>) -> ModelFile {
    ModelFile {
        name: format!("{FOLDER}/{name}"),
        bytes,
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::io("read", path))
}
