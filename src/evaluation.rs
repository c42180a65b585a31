//! A network's answers to a part of a dataset, and what they are worth: what `metrics.json` holds.

pub mod analysis;
#[cfg(feature = "torch")]
pub mod calibrate;
pub mod compare;
pub mod folds;
pub mod leakage;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use self::analysis::Analysis;
use self::leakage::{distinct_lesions, refuse_seen_lesions};
use crate::dataset::{Dataset, Sample, Split};
use crate::inference::classifier::Classifier;
use crate::inference::open;
use crate::metrics::bootstrap;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::{Metrics, Predictions};
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::progress::Progress;
use crate::{DEFAULT_SEED, Error, Result, files};

/// The figures' file within an evaluation's folder. By it such a folder is known.
pub const METRICS_FILE: &str = "metrics.json";

/// Everything that `metrics.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The figures, at the top level of the file.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// 95 % intervals of the headline figures and of each class's AUC, by name, as `[low, high]`.
    #[serde(default)]
    pub intervals: Intervals,
    /// Why figures are `null`, by their place in the file.
    pub undefined: BTreeMap<String, String>,
    /// Whether each answer is the mean over the symmetric views of its image.
    #[serde(default)]
    pub tta: bool,
    /// What was scored.
    pub model: ScoredModel,
    /// What it was scored on.
    pub data: ScoredSplit,
    /// More of what the answers are worth, each a key of the file.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// The file that was scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredModel {
    /// Its name, without folders.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The images that it was scored on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredSplit {
    /// SHA-256 of the dataset's manifest.
    pub manifest: String,
    /// The part.
    pub split: Split,
    /// Distinct lesions in the part.
    pub lesions: usize,
    /// Whether it is known that the network learnt nothing from these lesions: `false` for the training
    /// part, and for an exported file that does not say what it was trained on.
    pub proved_unseen: bool,
}

impl Evaluation {
    /// Scores predictions of a part of a dataset, in the part's order, by the network in `model`. Thresholds are
    /// chosen on its answers to validation images, `thresholds_on`.
    pub fn new(
        model: &Path,
        classifier: &dyn Classifier,
        dataset: &Dataset,
        part: Split,
        predictions: &Predictions,
        thresholds_on: Option<&Predictions>,
    ) -> Result<Self> {
        let metrics = predictions.score();
        let samples = samples(dataset, part);
        Ok(Self {
            intervals: bootstrap::intervals(
                &predictions.truths,
                &predictions.probabilities,
                &predictions.lesions(),
                DEFAULT_SEED,
            ),
            undefined: metrics.undefined(),
            metrics,
            tta: classifier.uses_tta(),
            model: ScoredModel::new(model)?,
            data: ScoredSplit {
                manifest: dataset.info.hashes.manifest.clone(),
                split: part,
                lesions: distinct_lesions(dataset, part).len(),
                proved_unseen: part != Split::Train && classifier.metadata().is_some(),
            },
            analysis: Analysis::new(
                predictions,
                &samples,
                thresholds_on,
                temperature(classifier),
            ),
        })
    }
}

impl ScoredModel {
    /// Names a checkpoint or an exported file.
    fn new(model: &Path) -> Result<Self> {
        let file = open::locate(model);
        let name = file.file_name().unwrap_or_default();
        Ok(Self {
            file: name.to_string_lossy().into_owned(),
            sha256: files::sha256_file(&file)?,
        })
    }
}

/// The dataset as the network was trained with it: in its fold, if it is the dataset and has folds. Otherwise
/// as it is, where only the test part of a dataset with folds means anything.
pub fn as_trained(dataset: Dataset, metadata: Option<&CheckpointMetadata>) -> Result<Dataset> {
    match metadata {
        Some(metadata)
            if metadata.dataset == dataset.info.hashes.manifest && metadata.fold.is_some() =>
        {
            dataset.in_fold(metadata.fold)
        }
        _ => Ok(dataset),
    }
}

/// The validation images that thresholds may be chosen on when `part` is scored: none if that is validation itself or
/// training, and none if the network has learnt from their lesions, or if nobody knows whether it has.
pub fn threshold_rows(
    metadata: Option<&CheckpointMetadata>,
    dataset: &Dataset,
    part: Split,
) -> Vec<usize> {
    let may = |metadata| refuse_seen_lesions(metadata, dataset, Split::Val).is_ok();
    match part {
        Split::Test if metadata.is_some_and(may) => dataset.split_rows(Split::Val),
        _ => Vec::new(),
    }
}

/// The network's probabilities for some rows of a dataset, `batch` images at a time.
pub fn predict_split(
    classifier: &dyn Classifier,
    dataset: &Dataset,
    rows: &[usize],
    batch: usize,
    progress: &dyn Progress,
) -> Result<Predictions> {
    dataset.refuse_other_resize(classifier.resize(), "the network")?;
    let mut predictions = Predictions::default();
    progress.start("Scoring", rows.len() as u64);
    for rows in rows.chunks(batch.max(1)) {
        let images: Vec<&[u8]> = rows.iter().map(|&row| dataset.pixels.image(row)).collect();
        for (&row, probabilities) in rows.iter().zip(classifier.probabilities(&images)?) {
            let sample = &dataset.rows[row].sample;
            if probabilities.iter().any(|p| !p.is_finite()) {
                return Err(Error::input(
                    &sample.image_id,
                    "the network's answer to this image is not a number",
                    "Its weights are broken, perhaps by a training that diverged: use another checkpoint.",
                ));
            }
            predictions.image_ids.push(sample.image_id.clone());
            predictions.lesion_ids.push(sample.lesion_id.clone());
            predictions.truths.push(sample.dx);
            predictions.probabilities.push(probabilities);
        }
        dataset.pixels.release();
        progress.advance(rows.len() as u64);
    }
    progress.finish();
    Ok(predictions)
}

/// What the network's logits are divided by. Without a meaning for answers that are averaged over views.
fn temperature(classifier: &dyn Classifier) -> Option<f64> {
    let own = classifier
        .metadata()
        .and_then(|metadata| metadata.temperature);
    own.filter(|_| !classifier.uses_tta())
}

/// What the manifest says of the images of a part, in their order.
fn samples(dataset: &Dataset, part: Split) -> Vec<&Sample> {
    let rows = dataset.split_rows(part).into_iter();
    rows.map(|row| &dataset.rows[row].sample).collect()
}
