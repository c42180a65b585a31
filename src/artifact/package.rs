//! The files of an export folder and how they are located: `model.json` and `labels.txt` for apps, `checkpoint.json`
//! for `eval`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::format::{Family, Format};
use crate::files::FolderFiles;
use crate::integrity::sums::{self, Sums};
use crate::model::checkpoint_metadata::{CheckpointMetadata, EXPORTED_FILE};
use crate::{Class, ClassList, Error, Result, files, integrity, reading};

/// The description for apps. Its presence identifies an export folder.
pub const MODEL_FILE: &str = "model.json";

/// The class codes, one per line, in the order of the outputs.
pub const LABELS_FILE: &str = "labels.txt";

/// The checkpoint metadata, including the hashed ids of lesions that the network must not be scored on.
pub const CHECKPOINT_FILE: &str = "checkpoint.json";

/// The order in which the network file of an export folder is chosen: highest precision and portability first.
const PREFERRED: [Format; 7] = [
    Format::Onnx,
    Format::Tflite,
    Format::OnnxFp16,
    Format::TfliteFp16,
    Format::OnnxInt8,
    Format::TfliteInt8,
    Format::TorchScript, // the last, because it contains code and needs --trust
];

/// The golden vectors.
pub const GOLDEN_FILE: &str = "golden.json";

/// The folder of the golden vectors' pictures.
pub const GOLDEN_FOLDER: &str = "golden";

/// The files of an export folder.
pub const FOLDER_FILES: FolderFiles = FolderFiles {
    marker: MODEL_FILE,
    names: &[
        MODEL_FILE,
        LABELS_FILE,
        CHECKPOINT_FILE,
        GOLDEN_FILE,
        "golden/*.png",
        "model.pt",
        "model*.onnx",
        "model*.tflite",
        EXPORTED_FILE,
        "MODEL_CARD.md",
        "README.md",
        sums::FILE,
        "web/",
    ],
};

/// The list of network files in [`MODEL_FILE`].
#[derive(Debug, Default, Deserialize)]
pub struct Listing {
    /// The files.
    pub files: Vec<ListedFile>,
}

/// A network file as [`MODEL_FILE`] lists it.
#[derive(Debug, Deserialize)]
pub struct ListedFile {
    /// The file name.
    pub file: String,
    /// The name of its [`Format`].
    pub format: String,
    /// Its SHA-256 digest.
    pub sha256: String,
}

/// The contents of [`CHECKPOINT_FILE`].
#[derive(Serialize, Deserialize)]
pub struct Provenance {
    /// SHA-256 of the checkpoint.
    pub sha256: String,
    /// The checkpoint metadata.
    #[serde(rename = "about")]
    pub metadata: CheckpointMetadata,
}

/// The contents of [`LABELS_FILE`].
pub fn labels(classes: ClassList) -> String {
    classes.map(Class::code).join("\n") + "\n"
}

/// Resolves a path to a network file: for an export folder, the first of its networks in the order of [`PREFERRED`];
/// any other path is returned unchanged.
pub fn locate(path: &Path) -> PathBuf {
    // Without libtorch, only ONNX files can be run.
    let runs = |format: &Format| cfg!(feature = "torch") || format.family() == Family::Onnx;
    let networks = PREFERRED.into_iter().filter(runs);
    let mut files = networks.map(|format| path.join(format.file_name()));
    match path.join(MODEL_FILE).exists() {
        true => files.find(|network| network.exists()),
        false => None,
    }
    .unwrap_or_else(|| path.to_owned())
}

/// The SHA-256 and the metadata of an exported file's checkpoint, from `checkpoint.json` in the same folder.
pub fn provenance(exported: &Path) -> Result<(String, CheckpointMetadata)> {
    let path = exported.with_file_name(CHECKPOINT_FILE);
    let bytes = reading::read(&path, reading::MAX_JSON)?;
    let mut provenance: Provenance = serde_json::from_slice(&bytes).map_err(|error| {
        Error::line(
            &path,
            error.line() as u64,
            error.to_string(),
            "Name a checkpoint, or an export folder written by `skinlesion export`.",
        )
    })?;
    provenance
        .metadata
        .decisions
        .complete(provenance.metadata.classes);
    provenance.metadata.refuse_unusable(&path)?;
    Ok((provenance.sha256, provenance.metadata))
}

/// The checkpoint metadata of an exported file; `None` if there is no `checkpoint.json` in the same folder.
///
/// # Errors
/// A `checkpoint.json` that cannot be read, or that describes another checkpoint than that with the given SHA-256: were
/// it left out, the network could be scored on images that it was trained on.
pub fn metadata(exported: &Path, checkpoint: &str) -> Result<Option<CheckpointMetadata>> {
    let path = exported.with_file_name(CHECKPOINT_FILE);
    if !path.try_exists().map_err(Error::io("read", &path))? {
        return Ok(None);
    }
    let (sha256, metadata) = provenance(exported)?;
    if sha256 != checkpoint {
        let name = exported.file_name().unwrap_or_default().to_string_lossy();
        return Err(Error::file(
            &path,
            format!("it describes another checkpoint than the one that {name} was exported from"),
            "Restore the checkpoint.json of this export, or move the network to a folder of its own.",
        ));
    }
    Ok(Some(metadata))
}

/// The SHA-256 of an exported file in the `model.json` beside it; `None` if it lists none.
pub fn listed_digest(exported: &Path) -> Option<String> {
    let name = exported.file_name()?.to_str()?;
    let path = exported.with_file_name(MODEL_FILE);
    let bytes = reading::read(&path, reading::MAX_JSON).ok()?;
    let listing: Listing = serde_json::from_slice(&bytes).ok()?;
    let listed = listing.files.into_iter().find(|file| file.file == name)?;
    Some(listed.sha256)
}

/// Refuses an exported file, or a description beside it, whose bytes are not those in the `SHA256SUMS` of its folder.
/// A folder of an older version has none; then the file must be the one that `model.json` lists, if it does.
pub fn refuse_changed(exported: &Path) -> Result<()> {
    // Before its digest, so that an unreadable file is reported by its own name.
    reading::open(exported)?;
    let folder = exported.parent().unwrap_or(Path::new("."));
    let Some(sums) = Sums::read(folder)? else {
        return match listed_digest(exported) {
            Some(digest) if digest != files::sha256_file(exported)? => Err(integrity::changed(
                exported,
                MODEL_FILE,
                "Export the network again.",
            )),
            _ => Ok(()),
        };
    };
    let network = exported.file_name().unwrap_or_default().to_string_lossy();
    sums.refuse_changed(&network)?;
    for name in [MODEL_FILE, CHECKPOINT_FILE, LABELS_FILE] {
        if folder.join(name).exists() {
            sums.refuse_changed(name)?;
        }
    }
    Ok(())
}
