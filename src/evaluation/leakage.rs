//! Refuses to score a network on lesions that it has learnt from, and to train one that has learnt from lesions that it
//! will be scored on.

use std::collections::HashSet;
use std::path::Path;

use crate::dataset::{Dataset, Split};
use crate::model::checkpoint_metadata::{CheckpointMetadata, lesion_hash};
use crate::{Error, Result};

/// Refuses to score a network on a split whose lesions it has seen: for test those that gradients came from or that
/// choices were made on, for validation the former. The training split may always be scored: whoever names it knows
/// that the figures say how well the network fits.
pub fn refuse_seen_lesions(
    metadata: &CheckpointMetadata,
    dataset: &Dataset,
    part: Split,
) -> Result<()> {
    for (hashes, use_of_them) in forbidden(metadata, part) {
        let seen = seen_lesions(hashes, dataset, part);
        if let Some(first) = seen.first() {
            return Err(Error::file(
                &dataset.path,
                format!(
                    "the network was {use_of_them} {} of the {} lesions of the {part} part ({first} is the first)",
                    seen.len(),
                    distinct_lesions(dataset, part).len(),
                ),
                "Its figures would flatter. Score it on lesions that it has not seen, usually the test part of the \
                 dataset folder that it was trained with; or say --split train to see how well it fits its training part.",
            ));
        }
    }
    Ok(())
}

/// Refuses a checkpoint, as the start or the teacher of a training, that has seen lesions of the validation or test split
/// as [`refuse_seen_lesions`] forbids.
pub fn refuse_leak(path: &Path, metadata: &CheckpointMetadata, dataset: &Dataset) -> Result<()> {
    for part in [Split::Val, Split::Test] {
        for (hashes, _) in forbidden(metadata, part) {
            let seen = seen_lesions(hashes, dataset, part);
            if let Some(first) = seen.first() {
                return Err(Error::file(
                    path,
                    format!(
                        "it has seen {} lesions of this dataset's {part} part, such as {first}",
                        seen.len()
                    ),
                    "Start from a checkpoint trained on the same split (and --fold), or from --weights.",
                ));
            }
        }
    }
    Ok(())
}

/// The lesions, as [`lesion_hash`]es, that must not be in a split that a network is scored on, and how it used them.
fn forbidden(metadata: &CheckpointMetadata, part: Split) -> Vec<(&[String], &'static str)> {
    let trained = (metadata.training_lesions.as_slice(), "trained on");
    let chosen = (metadata.validation_lesions.as_slice(), "chosen by");
    match part {
        Split::Train => vec![],
        Split::Val => vec![trained],
        Split::Test => vec![trained, chosen],
    }
}

/// The lesions of a split that are among some [`lesion_hash`]es.
fn seen_lesions<'a>(hashes: &[String], dataset: &'a Dataset, part: Split) -> Vec<&'a str> {
    let hashes: HashSet<&str> = hashes.iter().map(String::as_str).collect();
    let mut lesions = distinct_lesions(dataset, part);
    lesions.retain(|lesion| hashes.contains(lesion_hash(lesion).as_str()));
    lesions
}

/// The lesions of a split, in the order of their first rows.
pub fn distinct_lesions(dataset: &Dataset, part: Split) -> Vec<&str> {
    let mut known = HashSet::new();
    dataset
        .split_rows(part)
        .into_iter()
        .map(|row| dataset.rows[row].sample.lesion_id.as_str())
        .filter(|lesion| known.insert(*lesion))
        .collect()
}
