//! Predictions of a classifier for a split, and the rows that may be used for it.

use super::leakage::refuse_seen_lesions;
use crate::dataset::{Dataset, Split};
use crate::inference::classifier::{Classifier, Outputs};
use crate::metrics::Predictions;
use crate::metrics::decisions::{DecisionRule, decide};
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::probabilities::Probabilities;
use crate::progress::Progress;
use crate::{Error, Result};

/// The dataset in the fold that the network was trained with, if it is the training dataset and has folds. Any other
/// dataset is returned unchanged; if it has folds, only its test split is meaningful.
pub fn as_trained(dataset: Dataset, metadata: Option<&CheckpointMetadata>) -> Result<Dataset> {
    match metadata {
        Some(metadata) if metadata.dataset == dataset.info.hashes.manifest => {
            let folds = dataset.folds_without(metadata.fold);
            dataset.in_folds(folds)
        }
        _ => Ok(dataset),
    }
}

/// The validation rows that thresholds may be selected on when `split` is scored.
///
/// Empty unless `split` is test, if the network was trained on any lesion of the validation split, and if its training
/// lesions are unknown.
pub fn threshold_rows(
    metadata: Option<&CheckpointMetadata>,
    dataset: &Dataset,
    split: Split,
) -> Vec<usize> {
    let is_unseen = |metadata| refuse_seen_lesions(metadata, dataset, Split::Val).is_ok();
    match split {
        Split::Test if metadata.is_some_and(is_unseen) => dataset.split_rows(Split::Val),
        _ => Vec::new(),
    }
}

/// Predicts rows of a dataset, `batch` images at a time.
///
/// # Errors
/// Other classes, images prepared with another resize rule, and probabilities that are not finite.
pub fn predict_split(
    classifier: &dyn Classifier,
    dataset: &Dataset,
    rows: &[usize],
    batch: usize,
    progress: &dyn Progress,
) -> Result<Predictions> {
    Ok(score_split(classifier, dataset, rows, batch, progress)?.0)
}

/// As [`predict_split`], with the novelty score of each image if the classifier has them.
pub fn score_split(
    classifier: &dyn Classifier,
    dataset: &Dataset,
    rows: &[usize],
    batch: usize,
    progress: &dyn Progress,
) -> Result<(Predictions, Option<Vec<f64>>)> {
    let classes = dataset.info.classes;
    dataset.refuse_other_classes(classifier.classes(), "the network")?;
    dataset.refuse_other_resize(classifier.resize(), "the network")?;
    let mut predictions = Predictions::new(classes);
    let mut novelty = classifier.novelty().map(|_| Vec::new());
    progress.start("Scoring", rows.len() as u64);
    for rows in rows.chunks(batch.max(1)) {
        let images = dataset.pixels.images(rows)?;
        let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let Outputs {
            probabilities,
            novelty: scores,
        } = classifier.outputs(&images)?;
        if let (Some(all), Some(scores)) = (&mut novelty, scores) {
            all.extend(scores);
        }
        for (&row, probabilities) in rows.iter().zip(probabilities) {
            // The dataset says which classes are malignant or watched.
            let probabilities = Probabilities::new(classes, probabilities.iter().copied());
            let sample = &dataset.rows[row].sample;
            if probabilities.iter().any(|p| !p.is_finite()) {
                return Err(Error::input(
                    &sample.image_id,
                    "the network predicts NaN or infinite probabilities for this image",
                    "Its weights are broken, possibly because training diverged: use another checkpoint.",
                ));
            }
            push_label(&mut predictions, dataset, row);
            let balanced = classifier.decisions().offsets(DecisionRule::Balanced);
            (predictions.balanced).extend(balanced.map(|offsets| decide(&probabilities, offsets)));
            predictions.probabilities.push(probabilities);
        }
        progress.advance(rows.len() as u64);
    }
    progress.finish();
    Ok((predictions, novelty))
}

/// Adds what the dataset says of a row's image: its id, lesion, patient if patients are kept whole, and class.
pub fn push_label(predictions: &mut Predictions, dataset: &Dataset, row: usize) {
    let sample = &dataset.rows[row].sample;
    predictions.image_ids.push(sample.image_id.clone());
    predictions.lesion_ids.push(sample.lesion_id.clone());
    if dataset.info.group_by.keeps_patients() {
        predictions.patient_ids.push(sample.patient_id.clone());
    }
    predictions.truths.push(sample.dx);
}
