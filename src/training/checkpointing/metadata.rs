//! The metadata of a run's checkpoints.

use std::collections::BTreeMap;

use crate::Result;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::{self, CheckpointMetadata};
use crate::model::seen::Seen;
use crate::training::class_priors;
use crate::training::initial_model::InitialModel;
use crate::training::run::TrainingRun;

/// The metadata that all checkpoints of a run share. Epoch and metrics are filled in later.
pub fn metadata(
    run: &TrainingRun,
    initial_model: &InitialModel,
    [train, val]: &[Vec<usize>; 2],
) -> Result<CheckpointMetadata> {
    let mut seen = Seen::new(run.dataset, train, val)?;
    seen.extend(&initial_model.seen);
    let mut sources = BTreeMap::new();
    for &row in train {
        let source = run.dataset.rows[row].sample.source.clone();
        *sources.entry(source).or_default() += 1;
    }
    Ok(CheckpointMetadata {
        format_version: checkpoint_metadata::FORMAT_VERSION,
        written_by: concat!("skinlesion ", env!("CARGO_PKG_VERSION")).into(),
        classes: run.dataset.info.classes,
        architecture: initial_model.architecture,
        resize: run.dataset.info.resize,
        phase: run.config.phase.name().into(),
        config: run.config.to_toml(),
        dataset: run.dataset.info.hashes.manifest.clone(),
        fold: run.dataset.fold,
        epoch: 0,
        validation: Default::default(),
        temperature: None,
        decisions: Decisions::likeliest(run.dataset.info.classes),
        novelty: None,
        class_priors: Some(class_priors::of_run(run.dataset, run.config)),
        seen,
        sources,
        initial_weights: initial_model.initial_weights.clone(),
        licence: LICENCE.into(),
    })
}

/// Worded for any training images, whose licence the program cannot know.
const LICENCE: &str = "that of the images it was trained on; HAM10000's is CC BY-NC 4.0 \
    (Tschandl, Rosendahl, Kittler 2018)";
