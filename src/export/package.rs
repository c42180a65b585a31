//! What lies beside the exported networks: `model.json` and `labels.txt` for apps, `checkpoint.json` for
//! `eval`, and a README for people.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::description::Description;
use super::verify::Check;
use super::{Format, Source};
use crate::model::checkpoint::About;
use crate::{DISCLAIMER, Diagnosis, Error, Result, files};

/// The description for apps. By this file an export folder is known.
pub const MODEL_FILE: &str = "model.json";

/// One class code a line, in the order of the outputs.
pub const LABELS_FILE: &str = "labels.txt";

/// All that the checkpoint said of itself, with the (hashed) lesions that it must not be scored on.
pub const CHECKPOINT_FILE: &str = "checkpoint.json";

const README_FILE: &str = "README.md";

/// One exported network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Written {
    /// Its name within the folder.
    pub file: String,
    /// The format's name.
    pub format: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What came of running it again.
    pub check: Check,
}

impl Written {
    /// Takes the measure of a file that was written and checked.
    pub fn new(format: Format, path: &Path, check: Check) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(Error::io("read", path))?;
        Ok(Self {
            file: format.file_name().to_owned(),
            format: format.name().to_owned(),
            bytes: metadata.len(),
            sha256: files::sha256_file(path)?,
            check,
        })
    }
}

#[derive(Serialize)]
struct Model<'a> {
    #[serde(flatten)]
    description: &'a Description,
    files: &'a [Written],
}

#[derive(Serialize, Deserialize)]
struct Provenance {
    sha256: String,
    about: About,
}

/// Writes everything but the networks and returns the files, most important first.
pub fn write(
    folder: &Path,
    source: &Source,
    description: &Description,
    networks: &[Written],
) -> Result<Vec<PathBuf>> {
    let path = |name: &str| folder.join(name);
    let model = Model {
        description,
        files: networks,
    };
    files::write_json(&path(MODEL_FILE), &model)?;
    let provenance = Provenance {
        sha256: source.sha256.clone(),
        about: source.checkpoint.about.clone(),
    };
    files::write_json(&path(CHECKPOINT_FILE), &provenance)?;
    let labels = Diagnosis::ALL.map(Diagnosis::code).join("\n") + "\n";
    files::write_whole(&path(LABELS_FILE), labels.as_bytes())?;
    files::write_whole(&path(README_FILE), readme(description, networks).as_bytes())?;
    let names = [MODEL_FILE, LABELS_FILE, CHECKPOINT_FILE, README_FILE];
    Ok(names.map(path).to_vec())
}

/// What the checkpoint behind an exported file said of itself: `checkpoint.json` beside the file, if it is
/// there and is about the checkpoint with this SHA-256.
pub fn about(exported: &Path, checkpoint: &str) -> Option<About> {
    let bytes = std::fs::read(exported.with_file_name(CHECKPOINT_FILE)).ok()?;
    let provenance: Provenance = serde_json::from_slice(&bytes).ok()?;
    (provenance.sha256 == checkpoint).then_some(provenance.about)
}

fn readme(description: &Description, networks: &[Written]) -> String {
    let mut files = String::new();
    for network in networks {
        let _ = writeln!(
            files,
            "| `{}` | {:.2} MB | {:.1e} on {} {} |",
            network.file,
            network.bytes as f64 / 1e6,
            network.check.max_difference,
            network.check.images,
            network.check.of,
        );
    }
    let size = description.resize.size;
    let Description {
        written_by,
        intended_use,
        licence,
        preparation,
        ..
    } = description;
    let first = networks.first().map_or("model.onnx", |n| &n.file);
    format!(
        "# A skin-lesion classifier, exported

**{DISCLAIMER}**

{intended_use}

| file | size | largest difference from the checkpoint's probabilities |
|---|---|---|
{files}
* `{MODEL_FILE}`: classes, input, outputs, preparation, figures, origin; read it in your app.
* `{LABELS_FILE}`: the class codes, one a line, in the order of the outputs.
* `{CHECKPOINT_FILE}`: how the network was trained, and the (hashed) lesions that it must not be scored on.

Input `image`: float32, N × 3 × {size} × {size}, RGB in 0–1. {preparation}
Outputs `probabilities` and `logits`: float32, N × 7 (the TorchScript module returns them as a pair, in this order).

```sh
skinlesion predict --model {first} IMAGE
skinlesion eval --model {first} --data DIR --out eval
```

Licence of the weights: {licence}. Written by {written_by}.
"
    )
}
