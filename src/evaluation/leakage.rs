//! The leakage guard: no network is scored on lesions that it was trained or selected on, and no training starts from
//! one that has seen lesions of its validation or test split.
//!
//! A lesion has been seen if its id is listed in the checkpoint ([`Seen`]), the id of one of its images, or an image
//! that looks the same, also mirrored or turned ([`DHash`]); and, in a dataset that keeps patients whole, that of its
//! patient. Lesion ids alone are not enough: tables in ISIC's one-hot form have none, so that each image is a lesion of
//! its own there, and the same photograph may have another name elsewhere.

use std::collections::HashSet;
use std::path::Path;

use rayon::prelude::*;

use crate::dataset::folds::TrainingFolds;
use crate::dataset::{Dataset, Sample, Split};
use crate::imaging::dhash::DHash;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::seen::{Seen, id_hash};
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
    for list in forbidden(metadata, split) {
        let seen = list.lesions_of(metadata, dataset, split)?;
        if let Some(first) = seen.first() {
            return Err(Error::file(
                &dataset.path,
                format!(
                    "the network was {} {} of the {} lesions of the {split} split (first: {first})",
                    list.used,
                    seen.len(),
                    distinct_lesions(dataset, split).len(),
                ),
                match metadata.fold {
                    None if metadata.seen.validation_lesions.is_empty() => {
                        "Its metrics would be too optimistic. Pass lesions from elsewhere: it was trained on every fold \
                         of its dataset, and its own figures are in its model card and in `skinlesion info`."
                    }
                    _ => {
                        "Its metrics would be too optimistic. Pass unseen lesions, usually the dataset folder that it \
                         was trained with. `skinlesion eval --split train` measures its fit."
                    }
                },
            ));
        }
    }
    Ok(())
}

/// Refuses a checkpoint as initial model or as teacher if it has seen lesions of the validation or test split, by the
/// rules of [`refuse_seen_lesions`].
pub fn refuse_leak(path: &Path, metadata: &CheckpointMetadata, dataset: &Dataset) -> Result<()> {
    for split in [Split::Val, Split::Test] {
        for list in forbidden(metadata, split) {
            let seen = list.lesions_of(metadata, dataset, split)?;
            if let Some(first) = seen.first() {
                return Err(Error::file(
                    path,
                    format!(
                        "it has seen {} lesions of the {split} split of this dataset, such as {first}",
                        seen.len()
                    ),
                    "Name a checkpoint that was trained on the same split (and --fold), or none: --weights imagenet, no --teacher.",
                ));
            }
        }
    }
    Ok(())
}

/// Whether a checkpoint lists lesions only, as older versions wrote it, and is to be scored on another dataset than its
/// own. There the same images may have other lesion ids, which is then not noticed.
pub fn is_blind_to_images(metadata: &CheckpointMetadata, dataset: &Dataset) -> bool {
    metadata.seen.training_images.is_empty() && !is_own(metadata, dataset)
}

/// Whether a network was trained on a sample of a dataset, by the ids of lesion, image and patient.
pub fn trained_on(metadata: &CheckpointMetadata, dataset: &Dataset) -> impl Fn(&Sample) -> bool {
    let list = List::trained(&metadata.seen);
    let keeps_patients = dataset.info.group_by.keeps_patients();
    move |sample| list.by_id(sample, keeps_patients).is_some()
}

/// Whether the dataset is the one that the network was trained with.
fn is_own(metadata: &CheckpointMetadata, dataset: &Dataset) -> bool {
    metadata.dataset == dataset.info.hashes.manifest
}

/// Whether a checkpoint was trained on all folds of a dataset, so that no image is left to validate it on.
pub fn trained_on_all_folds(dataset: &Dataset, metadata: &CheckpointMetadata) -> bool {
    is_own(metadata, dataset) && dataset.training_folds() == Some(TrainingFolds::All)
}

/// The images that must not occur in a scored split.
fn forbidden(metadata: &CheckpointMetadata, split: Split) -> Vec<List<'_>> {
    let (trained, selected) = (
        List::trained(&metadata.seen),
        List::selected(&metadata.seen),
    );
    match split {
        Split::Train => vec![],
        Split::Val => vec![trained],
        Split::Test => vec![trained, selected],
    }
}

/// Images that a network has seen, and how it used them.
struct List<'a> {
    ids: HashSet<&'a str>,
    patients: HashSet<&'a str>,
    dhashes: &'a [String],
    used: &'static str,
}

impl<'a> List<'a> {
    fn trained(seen: &'a Seen) -> Self {
        let ids = [&seen.training_lesions, &seen.training_images];
        let patients = &seen.training_patients;
        Self::new(ids, patients, &seen.training_dhashes, "trained on")
    }

    fn selected(seen: &'a Seen) -> Self {
        let ids = [&seen.validation_lesions, &seen.validation_images];
        let patients = &seen.validation_patients;
        Self::new(ids, patients, &seen.validation_dhashes, "selected on")
    }

    /// One set of both ids: without lesion ids, an image's id is that of its lesion.
    fn new(
        ids: [&'a Vec<String>; 2],
        patients: &'a [String],
        dhashes: &'a [String],
        used: &'static str,
    ) -> Self {
        Self {
            patients: patients.iter().map(String::as_str).collect(),
            ids: ids.into_iter().flatten().map(String::as_str).collect(),
            dhashes,
            used,
        }
    }

    /// The lesions of a split that are in the list, as messages name them. Images are compared only if no id is found,
    /// and not within the dataset that the network was trained with: `skinlesion prepare` has separated those.
    fn lesions_of(
        &self,
        metadata: &CheckpointMetadata,
        dataset: &Dataset,
        split: Split,
    ) -> Result<Vec<String>> {
        let rows = dataset.split_rows(split);
        let samples = || rows.iter().map(|&row| &dataset.rows[row].sample);
        let keeps_patients = dataset.info.group_by.keeps_patients();
        let found = samples().map(|sample| (sample, self.by_id(sample, keeps_patients)));
        let found = first_of_each_lesion(found);
        if !found.is_empty() || self.dhashes.is_empty() || is_own(metadata, dataset) {
            return Ok(found);
        }
        let known: Vec<DHash> = (self.dhashes.iter())
            .filter_map(|text| text.parse().ok())
            .collect();
        let side = dataset.pixels.side();
        let is_known = |&row: &usize| -> Result<bool> {
            let views = DHash::of_views(&dataset.pixels.image(row)?, side);
            let is_same = |view: &DHash| (known.iter()).any(|of| view.distance(*of) <= DHash::SAME);
            Ok(views.iter().any(is_same))
        };
        let looks_known: Vec<bool> = rows.par_iter().map(is_known).collect::<Result<_>>()?;
        let found = samples().zip(looks_known).map(|(sample, known)| {
            let words = || {
                let Sample {
                    lesion_id,
                    image_id,
                    ..
                } = sample;
                format!("{lesion_id}, whose image {image_id} is among them under another name")
            };
            (sample, known.then(words))
        });
        Ok(first_of_each_lesion(found))
    }

    /// The sample's lesion, as messages name it, if one of its ids is in the list.
    fn by_id(&self, sample: &Sample, keeps_patients: bool) -> Option<String> {
        let Sample {
            lesion_id,
            image_id,
            patient_id,
            ..
        } = sample;
        if self.ids.contains(id_hash(lesion_id).as_str()) {
            return Some(lesion_id.clone());
        }
        if self.ids.contains(id_hash(image_id).as_str()) {
            return Some(format!("{lesion_id}, by its image {image_id}"));
        }
        let is_known = keeps_patients
            && !patient_id.is_empty()
            && self.patients.contains(id_hash(patient_id).as_str());
        is_known.then(|| format!(
                "{lesion_id}, by its patient {patient_id}: if that is another person, make the ids of patients unique"
            ))
    }
}

fn first_of_each_lesion<'a>(
    found: impl Iterator<Item = (&'a Sample, Option<String>)>,
) -> Vec<String> {
    let mut lesions = HashSet::new();
    let found = found.filter_map(|(sample, words)| Some((sample.lesion_id.as_str(), words?)));
    let first = found.filter(|(lesion, _)| lesions.insert(*lesion));
    first.map(|(_, words)| words).collect()
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
