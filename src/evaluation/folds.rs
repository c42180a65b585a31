//! Pooled cross-validation: each fold is predicted by the network that was not trained on it, and all predictions are
//! scored together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::analysis::Analysis;
use super::cross_fit::{self, FoldPredictions};
use super::leakage::{distinct_lesions, refuse_seen_lesions};
use super::{ScoredModel, ScoredSplit, predict_split};
use crate::dataset::{Dataset, Sample, Split};
use crate::inference::classifier::Classifier;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::decisions::Offsets;
use crate::metrics::operating_points;
use crate::metrics::{Metrics, Predictions};
use crate::progress::Progress;
use crate::{Error, Result};

/// The contents of `metrics.json` for pooled folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PooledEvaluation {
    /// The metrics of the pooled predictions, at the top level of the file.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Their 95 % intervals, by name, as `[low, high]`. They do not include the variance from the choice of training
    /// lesions.
    pub intervals: Intervals,
    /// The reasons for `null` metrics, by their path in the file.
    pub undefined: BTreeMap<String, String>,
    /// Whether test-time augmentation was used.
    pub tta: bool,
    /// The scored images: the validation images of all folds.
    pub data: ScoredSplit,
    /// The metrics of each fold.
    pub folds: Folds,
    /// Further analyses of the pooled predictions, each a key of the file. Operating points and decisions are
    /// cross-fitted ([`super::cross_fit`]).
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// Metrics by fold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Folds {
    /// The number of folds of the dataset.
    #[serde(default)]
    pub of: usize,
    /// The mean of every metric of [`Metrics::NAMES`]; `None` if it is undefined in a fold.
    pub mean: BTreeMap<String, Option<f64>>,
    /// The sample standard deviation (divisor: folds − 1); `None` if it is undefined in a fold.
    pub standard_deviation: BTreeMap<String, Option<f64>>,
    /// The scored folds, in order; not all of the dataset's if only some of the networks were given.
    pub each: Vec<FoldEvaluation>,
}

/// One fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldEvaluation {
    /// Index, from 0.
    pub fold: usize,
    /// The model that was scored on it.
    pub model: ScoredModel,
    /// The temperature that the model's logits were divided by, if it was calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Its metrics.
    #[serde(flatten)]
    pub metrics: Metrics,
}

impl Folds {
    fn new(of: usize, each: Vec<FoldEvaluation>) -> Self {
        let over_folds = |statistic: fn(&[f64]) -> Option<f64>| {
            let entry = |name: &&str| {
                let values = each.iter().map(|fold| fold.metrics.get(name));
                let values: Option<Vec<f64>> = values.collect();
                (
                    (*name).to_owned(),
                    values.and_then(|values| statistic(&values)),
                )
            };
            Metrics::NAMES.iter().map(entry).collect()
        };
        Self {
            of,
            mean: over_folds(mean),
            standard_deviation: over_folds(standard_deviation),
            each,
        }
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

impl PooledEvaluation {
    /// Reads the `metrics.json` of an evaluation of folds, or the folder with it.
    ///
    /// # Errors
    /// An unreadable file, and an evaluation of a single network.
    pub fn read(path: &Path) -> Result<Self> {
        let path = super::metrics_path(path);
        let (bytes, _) = super::read_metrics(&path)?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Error::line(
                &path,
                error.line() as u64,
                format!("not an evaluation of folds ({error})"),
                "Name a folder that `skinlesion eval --folds` wrote.",
            )
        })
    }

    /// The numbers of the folds, such as "5 folds" or "folds 0 and 1 of 5".
    pub fn folds_in_words(&self) -> String {
        let Folds { of, each, .. } = &self.folds;
        if each.len() == *of {
            return format!("{of} folds");
        }
        let numbers: Vec<String> = each.iter().map(|fold| fold.fold.to_string()).collect();
        match numbers.as_slice() {
            [one] => format!("fold {one} of {of}"),
            [first @ .., last] => format!("folds {} and {last} of {of}", first.join(", ")),
            [] => "no folds".to_owned(),
        }
    }
}

/// The network of a fold.
pub struct Model {
    /// Its file.
    pub path: PathBuf,
    /// The network.
    pub classifier: Box<dyn Classifier>,
    /// The priors of the classes in its training, if known.
    pub class_priors: Option<Offsets>,
}

/// Sorts networks by the fold that they were validated on. Folds without a network are left out.
///
/// # Errors
/// A dataset without folds, a network of another dataset or without a fold, and a fold with two networks.
pub fn by_fold(models: Vec<Model>, dataset: &Dataset) -> Result<BTreeMap<usize, Model>> {
    if dataset.info.folds.is_empty() {
        return Err(Error::file(
            &dataset.path,
            "it has no folds",
            "Omit --folds, or create folds with `skinlesion prepare --folds 5` and train on each.",
        ));
    }
    let mut sorted: BTreeMap<usize, Model> = BTreeMap::new();
    for model in models {
        let fold = fold_of(&model, dataset)?;
        if let Some(first) = sorted.get(&fold) {
            return Err(Error::file(
                &model.path,
                format!("{} was also validated on fold {fold}", first.path.display()),
                "Give one --model per fold.",
            ));
        }
        sorted.insert(fold, model);
    }
    Ok(sorted)
}

fn fold_of(model: &Model, dataset: &Dataset) -> Result<usize> {
    let Model {
        path, classifier, ..
    } = model;
    let metadata = classifier.metadata().ok_or_else(|| {
        Error::file(
            path,
            "it has no checkpoint metadata, so its training lesions are unknown",
            "Keep the checkpoint.json that `skinlesion export` wrote beside it, or give the checkpoint itself.",
        )
    })?;
    if metadata.dataset != dataset.info.hashes.manifest {
        return Err(Error::file(
            path,
            format!(
                "it was trained with another dataset than {}",
                dataset.path.display()
            ),
            "Only folds of one dataset can be pooled: give checkpoints that were trained with it.",
        ));
    }
    metadata.fold.ok_or_else(|| {
        Error::file(
            path,
            "it was not validated on a fold",
            "Give checkpoints that were trained with --fold and the number of a fold.",
        )
    })
}

/// Scores each network on its validation fold, and the pooled predictions. Predictions are returned fold by fold, each
/// in manifest order.
pub fn score(
    models: &BTreeMap<usize, Model>,
    mut dataset: Dataset,
    batch: usize,
    progress: &dyn Progress,
) -> Result<(PooledEvaluation, Predictions)> {
    let mut folds = Vec::new();
    let (mut each, mut lesions) = (Vec::new(), 0);
    let mut samples: Vec<Sample> = Vec::new();
    for (&fold, model) in models {
        let classifier = model.classifier.as_ref();
        dataset = dataset.in_fold(fold)?;
        if let Some(metadata) = classifier.metadata() {
            refuse_seen_lesions(metadata, &dataset, Split::Val)?;
        }
        let rows = dataset.split_rows(Split::Val);
        let predictions = predict_split(classifier, &dataset, &rows, batch, progress)?;
        lesions += distinct_lesions(&dataset, Split::Val).len();
        samples.extend(rows.iter().map(|&row| dataset.rows[row].sample.clone()));
        each.push(FoldEvaluation {
            fold,
            model: ScoredModel::new(&model.path)?,
            temperature: classifier
                .metadata()
                .and_then(|metadata| metadata.temperature),
            metrics: predictions.score(),
        });
        folds.push(FoldPredictions {
            predictions,
            class_priors: model.class_priors.clone(),
        });
    }
    let tau = cross_fit::name_balanced(&mut folds);
    let parts: Vec<&Predictions> = folds.iter().map(|fold| &fold.predictions).collect();
    let pooled = Predictions::pooled(dataset.info.classes, parts.iter().copied());
    let metrics = pooled.score();
    let samples: Vec<&Sample> = samples.iter().collect();
    let evaluation = PooledEvaluation {
        intervals: pooled.intervals(),
        undefined: metrics.undefined(),
        metrics,
        tta: models.values().all(|model| model.classifier.uses_tta()),
        data: ScoredSplit {
            manifest: dataset.info.hashes.manifest.clone(),
            split: Split::Val,
            lesions,
            proved_unseen: true,
            sources: dataset.sources.clone(),
        },
        folds: Folds::new(dataset.info.folds.len(), each),
        analysis: Analysis::new(
            &pooled,
            &samples,
            operating_points::cross_fitted(&parts),
            cross_fit::decisions(&pooled, tau),
            None,
        ),
    };
    Ok((evaluation, pooled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;
    use crate::classes::{ham, ham10000};
    use crate::probabilities::Probabilities;

    fn fold(fold: usize, truths: &[Class], nevi: f64) -> FoldEvaluation {
        let mut probabilities = Probabilities::zeros(ham10000());
        probabilities[ham("nv").index()] = nevi;
        probabilities[ham("mel").index()] = 1.0 - nevi;
        let predictions = Predictions {
            classes: ham10000(),
            image_ids: vec![String::new(); truths.len()],
            lesion_ids: Vec::new(),
            patient_ids: Vec::new(),
            truths: truths.to_vec(),
            probabilities: vec![probabilities; truths.len()],
            balanced: Vec::new(),
        };
        FoldEvaluation {
            fold,
            model: ScoredModel {
                file: "best.safetensors".into(),
                sha256: String::new(),
            },
            temperature: None,
            metrics: predictions.score(),
        }
    }

    #[test]
    fn mean_and_standard_deviation_are_over_the_folds() {
        let (nv, mel) = (ham("nv"), ham("mel"));
        let folds = Folds::new(
            3,
            vec![
                fold(0, &[nv, nv, nv, mel], 0.9),
                fold(1, &[nv, mel, mel, mel], 0.9),
                fold(2, &[nv, nv, mel, mel], 0.9),
            ],
        );
        // Accuracies ¾, ¼ and ½: squares of ¼, ¼ and 0 over 2.
        assert_eq!(folds.mean["accuracy"], Some(0.5));
        assert_eq!(folds.standard_deviation["accuracy"], Some(0.25));
        assert_eq!(folds.mean["melanoma_recall"], Some(0.0));
        assert_eq!(folds.mean["macro_auc"], None);
        assert_eq!(folds.mean.len(), Metrics::NAMES.len());
    }

    #[test]
    fn a_metric_undefined_in_one_fold_has_no_mean() {
        let (nv, mel) = (ham("nv"), ham("mel"));
        let folds = Folds::new(3, vec![fold(0, &[nv, nv], 0.9), fold(1, &[nv, mel], 0.1)]);
        assert_eq!(folds.mean["melanoma_recall"], None);
        assert_eq!(folds.standard_deviation["melanoma_recall"], None);
        assert!(folds.mean["accuracy"].is_some());
    }
}
