//! Writes the files that accompany the exported networks: `model.json` and `labels.txt` for apps, `checkpoint.json` for
//! `eval`, golden vectors, a model card and a README.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::evaluations::ExportEvaluation;
use super::model_card::{self, CARD_FILE};
use super::source::ExportSource;
use super::{golden, readme};
use crate::artifact::description::Description;
use crate::artifact::exported_file::ExportedFile;
use crate::artifact::package::{
    CHECKPOINT_FILE, GOLDEN_FILE, LABELS_FILE, MODEL_FILE, Provenance, labels,
};
use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::EXPORTED_FILE;
use crate::{Result, files};

#[derive(Serialize)]
struct Model<'a> {
    #[serde(flatten)]
    description: &'a Description,
    golden: &'a str,
    files: &'a [ExportedFile],
}

/// Writes all files except the networks and the web app, and returns their paths, most important first. `checkpoint` is
/// the one to include.
pub fn write(
    folder: &Path,
    source: &ExportSource,
    checkpoint: Option<&Checkpoint>,
    description: &Description,
    networks: &[ExportedFile],
    evaluations: &[ExportEvaluation],
) -> Result<Vec<PathBuf>> {
    let path = |name: &str| folder.join(name);
    let model = Model {
        description,
        golden: GOLDEN_FILE,
        files: networks,
    };
    files::write_json(&path(MODEL_FILE), &model)?;
    let provenance = Provenance {
        sha256: source.sha256.clone(),
        metadata: source.metadata.clone(),
    };
    files::write_json(&path(CHECKPOINT_FILE), &provenance)?;
    files::write_atomically(&path(LABELS_FILE), labels(description.classes).as_bytes())?;
    let includes_checkpoint = checkpoint.is_some();
    let card = model_card::card(
        source,
        includes_checkpoint,
        description,
        networks,
        evaluations,
    );
    files::write_atomically(&path(CARD_FILE), card.as_bytes())?;
    golden::write(folder, description.classes, description.resize, networks)?;
    let readme = readme::readme(description, includes_checkpoint, networks);
    files::write_atomically(&path(readme::README_FILE), readme.as_bytes())?;
    let names = [
        MODEL_FILE,
        GOLDEN_FILE,
        LABELS_FILE,
        CHECKPOINT_FILE,
        CARD_FILE,
        readme::README_FILE,
    ];
    let mut written = names.map(path).to_vec();
    if let Some(checkpoint) = checkpoint {
        let path = path(EXPORTED_FILE);
        checkpoint.write(&path)?;
        written.push(path);
    }
    Ok(written)
}
