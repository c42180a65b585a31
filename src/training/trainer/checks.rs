//! Conditions under which training is refused, stops or warns.

use crate::dataset::folds::TrainingFolds;
use crate::dataset::{Dataset, Split};
use crate::model::architecture::Architecture;
use crate::model::state_dict::{self, NamedTensors};
use crate::progress::Progress;
use crate::training::config::{ClassWeights, Sampler, TrainingConfig, WeightRule};
use crate::training::progressive_resizing;
use crate::{Error, Result};

/// The side of training images, in pixels, up to which the last feature map is of one pixel.
const TOTAL_STRIDE: usize = 32;

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

/// Refuses training in which a BatchNorm would see a single value of each channel, whose variance is 0: a batch of one
/// image whose last feature map is of one pixel. PyTorch refuses it as well; libtorch does not, and ruins the network.
/// `dataset_size`: the side of the dataset's images.
pub(super) fn refuse_single_values(
    config: &TrainingConfig,
    smallest_batch: usize,
    dataset_size: usize,
) -> Result<()> {
    let blocks = Architecture::new(2).network().blocks.len();
    let trains_base = config.first_trainable_block(blocks) < blocks;
    let sizes =
        (1..=config.epochs).map(|epoch| progressive_resizing::size(config, epoch, dataset_size));
    let smallest = sizes.min().unwrap_or(dataset_size);
    if !trains_base || smallest_batch > 1 || smallest > TOTAL_STRIDE {
        return Ok(());
    }
    Err(Error::input(
        format!("batch_size = {}", config.batch_size),
        format!(
            "there are batches of 1 image of {smallest} pixels, of which BatchNorm would see 1 value per channel, too few to \
             normalise"
        ),
        format!(
            "Raise batch_size, or use training images larger than {TOTAL_STRIDE} pixels (first_size, last_size, prepare --size)."
        ),
    ))
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
    let weights_are_equal = match &config.class_weights {
        ClassWeights::Rule(rule) => *rule == WeightRule::None,
        ClassWeights::Power(power) => *power == 0.0,
        ClassWeights::Table(_) => false,
    };
    if config.sampler != Sampler::Natural && !weights_are_equal {
        progress.warn(
            "both sampler and class_weights favour rare classes, so these count twice; \
             set class_weights=none to use the sampler alone",
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::training::Phase;
    use crate::training::config::resolve;

    /// Counts the warnings.
    #[derive(Default)]
    struct Warnings(Mutex<usize>);

    impl Progress for Warnings {
        fn start(&self, _task: &str, _total: u64) {}
        fn advance(&self, _steps: u64) {}
        fn detail(&self, _words: &str) {}
        fn finish(&self) {}
        fn say(&self, _line: &str) {}
        fn warn(&self, _line: &str) {
            *self.0.lock().unwrap() += 1;
        }
    }

    fn config(phase: Phase, settings: &[&str]) -> TrainingConfig {
        let settings: Vec<String> = settings.iter().map(|&one| one.to_owned()).collect();
        resolve::resolve(phase, None, &settings).unwrap()
    }

    #[test]
    fn a_single_value_for_batch_norm_is_refused() {
        let plain = ["first_size=0", "last_size=0"];
        let growing = ["first_size=32", "last_size=64"];
        let head = ["first_size=0", "last_size=0", "trainable_blocks=0"];
        let is_refused = |phase, settings: &[&str], batch, size| {
            refuse_single_values(&config(phase, settings), batch, size).is_err()
        };
        assert!(is_refused(Phase::Finetune, &plain, 1, 32));
        assert!(is_refused(Phase::Finetune, &growing, 1, 64));
        assert!(!is_refused(Phase::Finetune, &plain, 2, 32));
        assert!(!is_refused(Phase::Finetune, &plain, 1, 33));
        assert!(!is_refused(Phase::Finetune, &head, 1, 32));
        assert!(!is_refused(Phase::Transfer, &[], 1, 32));
    }

    #[test]
    fn a_sampler_warns_of_class_weights_but_not_of_equal_ones() {
        let warnings = |weights: &str| {
            let config = config(Phase::Finetune, &["sampler=sqrt", weights]);
            let heard = Warnings::default();
            warn_double_balancing(&config, &heard);
            heard.0.into_inner().unwrap()
        };
        assert_eq!(warnings("class_weights=none"), 0);
        assert_eq!(warnings("class_weights=0"), 0);
        assert_eq!(warnings("class_weights=0.5"), 1);
        assert_eq!(warnings("class_weights=balanced"), 1);
    }
}
