//! What every checkpoint of a run says of itself.

use crate::Diagnosis;
use crate::model::checkpoint_metadata::{self, CheckpointMetadata, lesion_hash};
use crate::training::initial_model::InitialModel;
use crate::training::run::TrainingRun;

/// What every checkpoint of the run says about itself; epoch and figures are filled in later.
pub fn metadata(
    run: &TrainingRun,
    start: &InitialModel,
    [train, val]: &[Vec<usize>; 2],
) -> CheckpointMetadata {
    let hashes = |rows: &[usize], earlier: &[String]| {
        let own = rows
            .iter()
            .map(|&row| lesion_hash(&run.dataset.rows[row].sample.lesion_id));
        let mut all: Vec<String> = own.chain(earlier.iter().cloned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    CheckpointMetadata {
        format_version: checkpoint_metadata::FORMAT_VERSION,
        written_by: concat!("skinlesion ", env!("CARGO_PKG_VERSION")).into(),
        classes: Diagnosis::ALL.map(|d| d.code().to_owned()).into(),
        architecture: start.architecture,
        resize: run.dataset.info.resize,
        phase: run.config.phase.name().into(),
        config: run.config.to_toml(),
        dataset: run.dataset.info.hashes.manifest.clone(),
        fold: run.dataset.fold,
        epoch: 0,
        validation: Default::default(),
        temperature: None,
        training_lesions: hashes(train, &start.training_lesions),
        validation_lesions: hashes(val, &start.validation_lesions),
        initial_weights: start.initial_weights.clone(),
        licence: LICENCE.into(),
    }
}

/// True of whatever images a user trains on; the program cannot know their licence.
const LICENCE: &str = "that of the images it was trained on; HAM10000's is CC BY-NC 4.0 \
    (Tschandl, Rosendahl, Kittler 2018)";
