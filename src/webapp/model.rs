//! The files of an export folder that the page reads from `model/`: `model.json`, the ONNX networks that it lists, and
//! the golden vectors for the self-test on the device.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::artifact::format::{Family, Format};
use crate::artifact::package::{GOLDEN_FILE, GOLDEN_FOLDER, ListedFile, Listing, MODEL_FILE};
use crate::artifact::released;
use crate::integrity::sums::Sums;
use crate::{Error, Result, files, reading};

/// The folder of these files, relative to the page.
pub const FOLDER: &str = "model";

/// A file for the page, in memory.
pub struct ModelFile {
    /// Path relative to the page, such as `model/model.onnx`.
    pub name: String,
    /// Contents.
    pub bytes: Vec<u8>,
}

/// Reads all files of an export folder, or of the released network, into memory: `model.json`, the networks in its
/// order, and the golden vectors if there are any.
///
/// # Errors
/// A folder without `model.json`, without a network that the page can run, with a network whose hash differs from the
/// one in `model.json`, or with a file whose hash differs from the one in `SHA256SUMS`.
pub fn read(export: &Path) -> Result<Vec<ModelFile>> {
    let export = &released::resolve(export)?;
    let listing = export.join(MODEL_FILE);
    if !listing.is_file() {
        return Err(Error::file(
            export,
            format!("this folder has no {MODEL_FILE}, so it is not an export"),
            "Give a folder that `skinlesion export` wrote.",
        ));
    }
    let text = read_file(export, MODEL_FILE)?;
    let sums = Sums::read(export)?;
    let listed: Listing = serde_json::from_slice(&text).map_err(|error| {
        Error::line(
            &listing,
            error.line() as u64,
            format!("it does not list its networks ({error})"),
            "Export again with this version of `skinlesion export`.",
        )
    })?;
    let mut all = vec![model_file(MODEL_FILE, text)];
    let mut names = HashSet::new();
    for network in &listed.files {
        if !names.insert(&network.file) {
            let problem = format!("it lists {} twice", network.file);
            return Err(Error::file(&listing, problem, "Export again."));
        }
        let format = network.format.parse::<Format>();
        if format.is_ok_and(|format| format.family() == Family::Onnx) {
            all.push(model_file(&network.file, read_verified(export, network)?));
        }
    }
    if all.len() == 1 {
        return Err(Error::file(
            export,
            "it has no ONNX file, the format that the page runs",
            "Export again with --format onnx, alone or among others.",
        ));
    }
    all.extend(golden(export)?);
    if let Some(sums) = sums {
        for file in &all {
            let name = file.name.trim_start_matches(FOLDER).trim_start_matches('/');
            // A picture that somebody added to the golden vectors is no damage.
            if sums.digest(name).is_some() || !name.contains('/') {
                sums.refuse_changed_bytes(name, &file.bytes)?;
            }
        }
    }
    Ok(all)
}

/// The bytes of a network, whose hash must be the one in `model.json`.
fn read_verified(export: &Path, network: &ListedFile) -> Result<Vec<u8>> {
    let path = export.join(&network.file);
    let is_plain_name = Path::new(&network.file)
        .file_name()
        .is_some_and(|name| name == &*network.file);
    if !is_plain_name {
        return Err(Error::file(
            &export.join(MODEL_FILE),
            format!(
                "it lists '{}', which is not a file name in its folder",
                network.file
            ),
            "Export again.",
        ));
    }
    let bytes = read_file(export, &network.file)?;
    if files::sha256(&bytes) != network.sha256 {
        return Err(Error::file(
            &path,
            format!(
                "its SHA-256 is not the one in {MODEL_FILE}: it has changed since it was exported"
            ),
            "Export again, or download the folder again.",
        ));
    }
    Ok(bytes)
}

/// The golden vectors, if any. Exports of earlier versions have none.
fn golden(export: &Path) -> Result<Vec<ModelFile>> {
    let list = export.join(GOLDEN_FILE);
    let folder = export.join(GOLDEN_FOLDER);
    if !list.is_file() {
        return Ok(Vec::new());
    }
    let mut all = vec![model_file(GOLDEN_FILE, read_file(export, GOLDEN_FILE)?)];
    let mut pictures = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::io("read", &folder))? {
        let path = entry.map_err(Error::io("read", &folder))?.path();
        if let (Some(name), Some("png")) = (
            path.file_name().and_then(|name| name.to_str()),
            path.extension().and_then(|extension| extension.to_str()),
        ) {
            pictures.push(format!("{GOLDEN_FOLDER}/{name}"));
        }
    }
    pictures.sort();
    for name in pictures {
        all.push(model_file(&name, read_file(export, &name)?));
    }
    Ok(all)
}

fn model_file(name: &str, bytes: Vec<u8>) -> ModelFile {
    ModelFile {
        name: format!("{FOLDER}/{name}"),
        bytes,
    }
}

/// Reads a file of the export. Refuses links that lead out of it: what is served must be in the folder that was named.
fn read_file(export: &Path, name: &str) -> Result<Vec<u8>> {
    let path = export.join(name);
    let real = |path: &Path| fs::canonicalize(path).map_err(Error::io("read", path));
    let target = real(&path)?;
    if !target.starts_with(real(export)?) {
        return Err(Error::file(
            &path,
            format!(
                "it is a link to {}, outside of the export",
                target.display()
            ),
            "Replace the link by a copy of the file.",
        ));
    }
    reading::read(&target, reading::MAX_NETWORK)
}
