//! Evaluation of a classifier on a split of a dataset: everything in `metrics.json`.

pub mod analysis;
#[cfg(feature = "torch")]
pub mod calibrate;
pub mod compare;
pub mod cross_fit;
pub mod folds;
pub mod leakage;
pub mod novelty;
#[cfg(feature = "torch")]
pub mod novelty_fit;
pub mod out_of_fold;
pub mod scoring;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::analysis::Analysis;
use self::leakage::distinct_lesions;
use self::novelty::FlaggedImages;
use crate::dataset::{Dataset, Sample, Split};
use crate::files::FolderFiles;
use crate::inference::classifier::Classifier;
use crate::inference::open;
use crate::integrity::sealed::{self, Digests};
use crate::integrity::sums;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::decision_metrics::DecisionAnalysis;
use crate::metrics::{Metrics, Predictions, operating_points, predictions};
use crate::{Result, files};

pub use self::scoring::{as_trained, predict_split, score_split, threshold_rows};

/// The metrics file within an evaluation folder. A folder that contains it is recognized as an evaluation.
pub const METRICS_FILE: &str = "metrics.json";

/// The files of an evaluation folder.
pub const FOLDER_FILES: FolderFiles = FolderFiles {
    marker: METRICS_FILE,
    names: &[
        METRICS_FILE,
        predictions::FILE,
        "submission.csv",
        "report.txt",
        "report.html",
        "confusion_matrix*",
        sums::FILE,
    ],
};

/// The contents of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The metrics, at the top level of the file.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// 95 % intervals of the headline metrics and of the AUC and average precision of each class, by name, as
    /// `[low, high]`.
    #[serde(default)]
    pub intervals: Intervals,
    /// The reasons for `null` metrics, by their path in the file.
    pub undefined: BTreeMap<String, String>,
    /// Whether test-time augmentation was used: probabilities are means over the symmetric views of each image.
    #[serde(default)]
    pub tta: bool,
    /// How many images the novelty score flags; `None` if the model has none, and in files of older versions.
    #[serde(default)]
    pub novelty: Option<FlaggedImages>,
    /// The scored model.
    pub model: ScoredModel,
    /// The split that the model was scored on.
    pub data: ScoredSplit,
    /// Further analyses, each a key of the file.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// A scored model file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredModel {
    /// File name without folders.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// A scored split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredSplit {
    /// SHA-256 of the dataset manifest.
    pub manifest: String,
    /// The split.
    pub split: Split,
    /// Number of distinct lesions in the split.
    pub lesions: usize,
    /// Whether the model is known not to have been trained on these lesions: `false` for the training split, and for
    /// an exported file without checkpoint metadata.
    pub proved_unseen: bool,
    /// The sources that the images were limited to; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}

impl ScoredSplit {
    /// The number of lesions, and the sources that the images are limited to: "1494 lesions of rosendahl".
    pub fn lesions_in_words(&self) -> String {
        match self.sources.as_slice() {
            [] => format!("{} lesions", self.lesions),
            names => format!("{} lesions of {}", self.lesions, names.join(", ")),
        }
    }
}

impl Evaluation {
    /// Scores predictions of the model file `model` on a split, in the order of the split. Thresholds are selected on
    /// `thresholds_on`, its predictions for validation images. `novelty`: the novelty scores of the images.
    pub fn new(
        model: &Path,
        classifier: &dyn Classifier,
        dataset: &Dataset,
        split: Split,
        predictions: &Predictions,
        novelty: Option<&[f64]>,
        thresholds_on: Option<&Predictions>,
    ) -> Result<Self> {
        let metrics = predictions.score();
        let samples = samples(dataset, split);
        Ok(Self {
            intervals: predictions.intervals(),
            undefined: metrics.undefined(),
            metrics,
            tta: classifier.uses_tta(),
            novelty: (classifier.novelty().zip(novelty))
                .map(|(rule, scores)| FlaggedImages::new(rule, scores)),
            model: ScoredModel::new(model)?,
            data: ScoredSplit {
                manifest: dataset.info.hashes.manifest.clone(),
                split,
                lesions: distinct_lesions(dataset, split).len(),
                proved_unseen: split != Split::Train
                    && (classifier.metadata())
                        .is_some_and(|metadata| !leakage::is_blind_to_images(metadata, dataset)),
                sources: dataset.sources.clone(),
            },
            analysis: Analysis::new(
                predictions,
                &samples,
                thresholds_on.map_or_else(Vec::new, |chosen_on| {
                    operating_points::operating_points(chosen_on, predictions)
                }),
                DecisionAnalysis::new(predictions, classifier.decisions()),
                temperature(classifier),
            ),
        })
    }
}

impl ScoredModel {
    /// Identifies a checkpoint or an exported file.
    fn new(model: &Path) -> Result<Self> {
        let file = open::locate(model);
        let name = file.file_name().unwrap_or_default();
        Ok(Self {
            file: name.to_string_lossy().into_owned(),
            sha256: files::sha256_file(&file)?,
        })
    }
}

/// The temperature of the classifier. `None` with test-time augmentation: a temperature of one view does not apply to
/// the mean over views.
fn temperature(classifier: &dyn Classifier) -> Option<f64> {
    let fitted = classifier
        .metadata()
        .and_then(|metadata| metadata.temperature);
    fitted.filter(|_| !classifier.uses_tta())
}

/// The `metrics.json` of an evaluation: the file itself, or that in a folder.
pub(crate) fn metrics_path(path: &Path) -> PathBuf {
    match path.is_dir() {
        true => path.join(METRICS_FILE),
        false => path.to_owned(),
    }
}

/// Reads a `metrics.json` and checks its digests; those of files of older versions are `None`.
pub(crate) fn read_metrics(path: &Path) -> Result<(Vec<u8>, Option<Digests>)> {
    sealed::read(
        path,
        "Name a metrics.json, or its folder, that `skinlesion eval` wrote; or run it again.",
    )
}

/// The samples of a split, in order.
fn samples(dataset: &Dataset, split: Split) -> Vec<&Sample> {
    let rows = dataset.split_rows(split).into_iter();
    rows.map(|row| &dataset.rows[row].sample).collect()
}
