//! Cross-validation taken together: each fold is scored by the network that did not train on it, and the
//! answers to all folds are scored as one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::analysis::Analysis;
use super::leakage::{distinct_lesions, refuse_seen_lesions};
use super::{ScoredModel, ScoredSplit, predict_split};
use crate::dataset::{Dataset, Sample, Split};
use crate::inference::classifier::Classifier;
use crate::metrics::bootstrap;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::{Metrics, Predictions};
use crate::progress::Progress;
use crate::{DEFAULT_SEED, Error, Result};

/// Everything that `metrics.json` says of pooled folds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PooledEvaluation {
    /// The figures of all folds' predictions together, at the top level of the file.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Their 95 % intervals, by name, as `[low, high]`. They do not hold what the choice of training lesions adds.
    pub intervals: Intervals,
    /// Why figures are `null`, by their place in the file.
    pub undefined: BTreeMap<String, String>,
    /// Whether each answer is the mean over the symmetric views of its image.
    pub tta: bool,
    /// What was scored: the validation images of all folds.
    pub data: ScoredSplit,
    /// The folds by themselves.
    pub folds: Folds,
    /// More of what all answers together are worth, each a key of the file; without operating points, since each
    /// fold's threshold would be chosen on the images that it is judged by.
    #[serde(flatten)]
    pub analysis: Analysis,
}

/// Figures that differ from fold to fold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Folds {
    /// The mean of every figure of [`Metrics::NAMES`]; `None` where a fold leaves it undefined.
    pub mean: BTreeMap<String, Option<f64>>,
    /// Likewise the standard deviation, of a sample: the squares are divided by one less than the folds.
    pub standard_deviation: BTreeMap<String, Option<f64>>,
    /// Each fold, in order.
    pub each: Vec<FoldEvaluation>,
}

/// One fold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoldEvaluation {
    /// Its number, from 0.
    pub fold: usize,
    /// The file that was scored on it.
    pub model: ScoredModel,
    /// Its figures.
    #[serde(flatten)]
    pub metrics: Metrics,
}

impl Folds {
    fn new(each: Vec<FoldEvaluation>) -> Self {
        let over_folds = |figure: fn(&[f64]) -> Option<f64>| {
            let of_name = |name: &&str| {
                let values = each.iter().map(|fold| fold.metrics.named(name));
                let values: Option<Vec<f64>> = values.collect();
                (
                    (*name).to_owned(),
                    values.and_then(|values| figure(&values)),
                )
            };
            Metrics::NAMES.iter().map(of_name).collect()
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

/// A network and the file that it is in.
pub type Model = (PathBuf, Box<dyn Classifier>);

/// Brings networks into the order of the folds that they were validated on. Refuses a dataset without folds,
/// a network of another dataset or of none, a fold without a network and one with two.
pub fn by_fold(models: Vec<Model>, dataset: &Dataset) -> Result<Vec<Model>> {
    let folds = dataset.info.folds.len();
    if folds == 0 {
        return Err(Error::file(
            &dataset.path,
            "it has no folds",
            "Leave --folds away, or make folds with `skinlesion prepare --folds 5` and train on each.",
        ));
    }
    let mut slots: Vec<Option<Model>> = (0..folds).map(|_| None).collect();
    for model in models {
        let fold = fold_of(&model, dataset)?;
        let Some(slot) = slots.get_mut(fold) else {
            continue; // train let no such fold through
        };
        if let Some((first, _)) = slot {
            return Err(Error::file(
                &model.0,
                format!(
                    "fold {fold} again: {} was validated on it too",
                    first.display()
                ),
                "Give one --model for each fold.",
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
                "The dataset has folds 0 to {}: give a --model for each.",
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
            "it does not say which lesions it was trained on",
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
            "Folds of one dataset can be taken together, not of several: give checkpoints that were trained with it.",
        ));
    }
    metadata.fold.ok_or_else(|| {
        Error::file(
            path,
            "it was validated on no fold",
            "Give checkpoints that were trained with --fold.",
        )
    })
}

/// Scores each network, in the order of the folds, on the fold that it did not train on, and all answers as one.
/// The predictions come fold by fold, each in the manifest's order.
pub fn score(
    models: &[Model],
    mut dataset: Dataset,
    batch: usize,
    progress: &dyn Progress,
) -> Result<(PooledEvaluation, Predictions)> {
    let mut pooled = Predictions::default();
    let (mut each, mut lesions) = (Vec::new(), 0);
    let mut scored: Vec<Sample> = Vec::new();
    for (fold, (path, classifier)) in models.iter().enumerate() {
        dataset = dataset.in_fold(Some(fold))?;
        if let Some(metadata) = classifier.metadata() {
            refuse_seen_lesions(metadata, &dataset, Split::Val)?;
        }
        let rows = dataset.split_rows(Split::Val);
        let predictions = predict_split(classifier.as_ref(), &dataset, &rows, batch, progress)?;
        lesions += distinct_lesions(&dataset, Split::Val).len();
        scored.extend(rows.iter().map(|&row| dataset.rows[row].sample.clone()));
        each.push(fold_evaluation(fold, path, &predictions)?);
        pooled.extend(predictions);
    }
    let metrics = pooled.score();
    let samples: Vec<&Sample> = scored.iter().collect();
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
    fn mean_and_standard_deviation_run_over_the_folds() {
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
    fn a_figure_that_one_fold_lacks_has_no_mean() {
        let (nv, mel) = (Diagnosis::Nv, Diagnosis::Mel);
        let folds = Folds::new(vec![fold(0, &[nv, nv], 0.9), fold(1, &[nv, mel], 0.1)]);
        assert_eq!(folds.mean["melanoma_recall"], None);
        assert_eq!(folds.standard_deviation["melanoma_recall"], None);
        assert!(folds.mean["accuracy"].is_some());
    }
}
