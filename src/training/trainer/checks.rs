//! Conditions under which training is refused, stops or warns.

use crate::dataset::folds::TrainingFolds;
use crate::dataset::{Dataset, Split};
use crate::model::state_dict::{self, NamedTensors};
use crate::progress::Progress;
use crate::training::config::{ClassWeights, Sampler, TrainingConfig, WeightRule};
use crate::{Error, Result};

/// Refuses a dataset whose train or val split is empty. A run on all folds has no val split.
pub(super) fn refuse_empty(dataset: &Dataset, rows: &[Vec<usize>; 2]) -> Result<()> {
    let trains_on_all = dataset.training_folds() == Some(TrainingFolds::All);
    for (split, rows) in [Split::Train, Split::Val].into_iter().zip(rows) {
        if rows.is_empty() && !(split == Split::Val && trains_on_all) {
            return Err(Error::file(
                &dataset.path,
                format!("the {split} split is empty, but training needs it"),
                "Prepare the dataset with fractions above 0 for all splits.",
            ));
        }
    }
    Ok(())
}

/// Stops training when the loss is infinite or NaN, from which it cannot recover.
/// `saved`: whether earlier epochs were saved.
pub(super) fn refuse_divergence(loss: f64, epoch: usize, saved: bool) -> Result<()> {
    match loss.is_finite() {
        true => Ok(()),
        false => Err(diverged(format!("the loss is {loss}"), epoch, saved)),
    }
}

/// Refuses to validate or save weights that the last step made infinite or NaN: its loss was that before the step.
pub(super) fn refuse_diverged_weights(
    tensors: &NamedTensors,
    epoch: usize,
    saved: bool,
) -> Result<()> {
    match state_dict::not_finite(tensors) {
        None => Ok(()),
        Some(name) => {
            let problem = format!("{name} has values that are NaN or infinite");
            Err(diverged(problem, epoch, saved))
        }
    }
}

/// The error of a run that cannot recover.
pub(super) fn diverged(problem: String, epoch: usize, saved: bool) -> Error {
    let kept = match saved && epoch > 1 {
        true => " Checkpoints of earlier epochs are kept.",
        false => "",
    };
    Error::input(
        format!("epoch {epoch}"),
        format!("training diverged: {problem}"),
        format!("Lower learning_rate and base_learning_rate, or raise warmup_epochs.{kept}"),
    )
}

/// Warns if both the sampler and the class weights compensate for class imbalance.
pub(super) fn warn_double_balancing(config: &TrainingConfig, progress: &dyn Progress) {
    if config.sampler != Sampler::Natural
        && config.class_weights != ClassWeights::Rule(WeightRule::None)
    {
        progress.warn(
            "both sampler and class_weights favour rare classes, so these count twice; \
             set class_weights=none to use the sampler alone",
        );
    }
}
