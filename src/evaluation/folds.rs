//! Pooled cross-validation: each fold is predicted by the network that was not trained on it, and all predictions are
//! scored together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::analysis::Analysis;
use super::leakage::{distinct_lesions, refuse_seen_lesions};
use super::{ScoredModel, ScoredSplit, predict_split};
use crate::dataset::{Dataset, Sample, Split};
use crate::inference::classifier::Classifier;
use crate::metrics::bootstrap::{self, Intervals};
use crate::metrics::{Metrics, Predictions};
use crate::progress::Progress;
use crate::{DEFAULT_SEED, Error, Result};

/// The contents of `metrics.json` for pooled folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// Further analyses of the pooled predictions, each a key of the file. There are no operating points, because each
    /// threshold would be selected on the images that it is evaluated on.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// Metrics by fold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Folds {
    /// The mean of every metric of [`Metrics::NAMES`]; `None` if it is undefined in a fold.
    pub mean: BTreeMap<String, Option<f64>>,
    /// The sample standard deviation (divisor: folds − 1); `None` if it is undefined in a fold.
    pub standard_deviation: BTreeMap<String, Option<f64>>,
    /// The folds, in order.
    pub each: Vec<FoldEvaluation>,
}

/// One fold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoldEvaluation {
    /// Index, from 0.
    pub fold: usize,
    /// The model that was scored on it.
    pub model: ScoredModel,
    /// Its metrics.
    #[serde(flatten)]
    pub metrics: Metrics,
}

impl Folds {
    fn new(each: Vec<FoldEvaluation>) -> Self {
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

/// A network and its file.
pub type Model = (PathBuf, Box<dyn Classifier>);

/// Sorts networks by the fold that they were validated on.
///
/// # Errors
/// A dataset without folds, a network of another dataset or without a fold, and a fold with no network or two.
pub fn by_fold(models: Vec<Model>, dataset: &Dataset) -> Result<Vec<Model>> {
    let folds = dataset.info.folds.len();
    if folds == 0 {
        return Err(Error::file(
            &dataset.path,
            "it has no folds",
            "Omit --folds, or create folds with `skinlesion prepare --folds 5` and train on each.",
        ));
    }
    let mut slots: Vec<Option<Model>> = (0..folds).map(|_| None).collect();
    for model in models {
        let fold = fold_of(&model, dataset)?;
        let Some(slot) = slots.get_mut(fold) else {
            continue; // `train` rejects such a fold
        };
        if let Some((first, _)) = slot {
            return Err(Error::file(
                &model.0,
                format!("{} was also validated on fold {fold}", first.display()),
                "Give one --model per fold.",
            ));
        }
        *slot = Some(model);
    }
    let is_missing = |fold: &usize| slots[*fold].is_none();
    let missing: Vec<String> = (0..folds)
        .filter(is_missing)
        .map(|fold| fold.to_string())
        .collect();
    if !missing.is_empty() {
        let s = if missing.len() == 1 { "" } else { "s" };
        return Err(Error::input(
            "--folds",
            format!("no network was validated on fold{s} {}", missing.join(", ")),
            format!(
                "The dataset has folds 0 to {}: give one --model per fold.",
                folds - 1
            ),
        ));
    }
    Ok(slots.into_iter().flatten().collect())
}

fn fold_of((path, classifier): &Model, dataset: &Dataset) -> Result<usize> {
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
            "Give checkpoints that were trained with --fold.",
        )
    })
}

/// Scores each network, in the order of the folds, on its validation fold, and the pooled predictions. Predictions are
/// returned fold by fold, each in manifest order.
pub fn score(
    models: &[Model],
    mut dataset: Dataset,
    batch: usize,
    progress: &dyn Progress,
) -> Result<(PooledEvaluation, Predictions)> {
    let mut pooled = Predictions::default();
    let (mut each, mut lesions) = (Vec::new(), 0);
    let mut samples: Vec<Sample> = Vec::new();
    for (fold, (path, classifier)) in models.iter().enumerate() {
        dataset = dataset.in_fold(Some(fold))?;
        if let Some(metadata) = classifier.metadata() {
            refuse_seen_lesions(metadata, &dataset, Split::Val)?;
        }
        let rows = dataset.split_rows(Split::Val);
        let predictions = predict_split(classifier.as_ref(), &dataset, &rows, batch, progress)?;
        lesions += distinct_lesions(&dataset, Split::Val).len();
        samples.extend(rows.iter().map(|&row| dataset.rows[row].sample.clone()));
        each.push(fold_evaluation(fold, path, &predictions)?);
        pooled.extend(predictions);
    }
    let metrics = pooled.score();
    let samples: Vec<&Sample> = samples.iter().collect();
    let evaluation = PooledEvaluation {
        intervals: bootstrap::intervals(
            &pooled.truths,
            &pooled.probabilities,
            &pooled.lesions(),
            DEFAULT_SEED,
        ),
        undefined: metrics.undefined(),
        metrics,
        tta: models.iter().all(|(_, classifier)| classifier.uses_tta()),
        data: ScoredSplit {
            manifest: dataset.info.hashes.manifest.clone(),
            split: Split::Val,
            lesions,
            proved_unseen: true,
        },
        folds: Folds::new(each),
        analysis: Analysis::new(&pooled, &samples, None, None),
    };
    Ok((evaluation, pooled))
}

fn fold_evaluation(fold: usize, path: &Path, predictions: &Predictions) -> Result<FoldEvaluation> {
    Ok(FoldEvaluation {
        fold,
        model: ScoredModel::new(path)?,
        metrics: predictions.score(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Diagnosis;

    fn fold(fold: usize, truths: &[Diagnosis], nevi: f64) -> FoldEvaluation {
        let mut probabilities = [0.0; Diagnosis::COUNT];
        probabilities[Diagnosis::Nv.index()] = nevi;
        probabilities[Diagnosis::Mel.index()] = 1.0 - nevi;
        let predictions = Predictions {
            image_ids: vec![String::new(); truths.len()],
            lesion_ids: Vec::new(),
            truths: truths.to_vec(),
            probabilities: vec![probabilities; truths.len()],
        };
        FoldEvaluation {
            fold,
            model: ScoredModel {
                file: "best.safetensors".into(),
                sha256: String::new(),
            },
            metrics: predictions.score(),
        }
    }

    #[test]
    fn mean_and_standard_deviation_are_over_the_folds() {
        let (nv, mel) = (Diagnosis::Nv, Diagnosis::Mel);
        let folds = Folds::new(vec![
            fold(0, &[nv, nv, nv, mel], 0.9),
            fold(1, &[nv, mel, mel, mel], 0.9),
            fold(2, &[nv, nv, mel, mel], 0.9),
        ]);
        // Accuracies ¾, ¼ and ½: squares of ¼, ¼ and 0 over 2.
        assert_eq!(folds.mean["accuracy"], Some(0.5));
        assert_eq!(folds.standard_deviation["accuracy"], Some(0.25));
        assert_eq!(folds.mean["melanoma_recall"], Some(0.0));
        assert_eq!(folds.mean["macro_auc"], None);
        assert_eq!(folds.mean.len(), Metrics::NAMES.len());
    }

    #[test]
    fn a_metric_undefined_in_one_fold_has_no_mean() {
        let (nv, mel) = (Diagnosis::Nv, Diagnosis::Mel);
        let folds = Folds::new(vec![fold(0, &[nv, nv], 0.9), fold(1, &[nv, mel], 0.1)]);
        assert_eq!(folds.mean["melanoma_recall"], None);
        assert_eq!(folds.standard_deviation["melanoma_recall"], None);
        assert!(folds.mean["accuracy"].is_some());
    }
}
