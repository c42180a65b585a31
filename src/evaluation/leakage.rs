//! The leakage guard: no network is scored on lesions that it was trained or selected on, and no training starts from
//! one that has seen lesions of its validation or test split.

use std::collections::HashSet;
use std::path::Path;

use crate::dataset::{Dataset, Split};
use crate::model::checkpoint_metadata::{CheckpointMetadata, lesion_hash};
use crate::{Error, Result};

/// Refuses to score a network on a split with lesions that it has seen.
///
/// For test these are its training and validation lesions, for validation its training lesions. The training split can
/// always be scored: its metrics measure the fit.
pub fn refuse_seen_lesions(
    metadata: &CheckpointMetadata,
    dataset: &Dataset,
    split: Split,
) -> Result<()> {
    for (hashes, use_of_them) in forbidden(metadata, split) {
        let seen = seen_lesions(hashes, dataset, split);
        if let Some(first) = seen.first() {
            return Err(Error::file(
                &dataset.path,
                format!(
                    "the network was {use_of_them} {} of the {} lesions of the {split} split (first: {first})",
                    seen.len(),
                    distinct_lesions(dataset, split).len(),
                ),
                "Its metrics would be too optimistic. Score it on unseen lesions, usually the test split of the \
                 dataset folder that it was trained with; or use --split train to measure its fit.",
            ));
        }
    }
    Ok(())
}

/// Refuses a checkpoint as initial model or as teacher if it has seen lesions of the validation or test split, by the
/// rules of [`refuse_seen_lesions`].
pub fn refuse_leak(path: &Path, metadata: &CheckpointMetadata, dataset: &Dataset) -> Result<()> {
    for split in [Split::Val, Split::Test] {
        for (hashes, _) in forbidden(metadata, split) {
            let seen = seen_lesions(hashes, dataset, split);
            if let Some(first) = seen.first() {
                return Err(Error::file(
                    path,
                    format!(
                        "it has seen {} lesions of the {split} split of this dataset, such as {first}",
                        seen.len()
                    ),
                    "Start from a checkpoint trained on the same split (and --fold), or from --weights.",
                ));
            }
        }
    }
    Ok(())
}

/// The [`lesion_hash`]es that must not occur in a scored split, and how the network used them.
fn forbidden(metadata: &CheckpointMetadata, split: Split) -> Vec<(&[String], &'static str)> {
    let trained = (metadata.training_lesions.as_slice(), "trained on");
    let selected = (metadata.validation_lesions.as_slice(), "selected on");
    match split {
        Split::Train => vec![],
        Split::Val => vec![trained],
        Split::Test => vec![trained, selected],
    }
}

/// The lesions of a split whose [`lesion_hash`] is in `hashes`.
fn seen_lesions<'a>(hashes: &[String], dataset: &'a Dataset, split: Split) -> Vec<&'a str> {
    let hashes: HashSet<&str> = hashes.iter().map(String::as_str).collect();
    let mut lesions = distinct_lesions(dataset, split);
    lesions.retain(|lesion| hashes.contains(lesion_hash(lesion).as_str()));
    lesions
}

/// The distinct lesions of a split, in order of first occurrence.
pub fn distinct_lesions(dataset: &Dataset, split: Split) -> Vec<&str> {
    let mut known = HashSet::new();
    dataset
        .split_rows(split)
        .into_iter()
        .map(|row| dataset.rows[row].sample.lesion_id.as_str())
        .filter(|lesion| known.insert(*lesion))
        .collect()
}
