//! The priors of the classes that a network learns from its training data.

use super::class_weights;
use super::config::TrainingConfig;
use super::data::sampling::{self, Sampling};
use crate::dataset::Dataset;
use crate::{Diagnosis, Result};

/// The prior of each class, in class order, with a sum of 1: the images of an epoch times their final weight in the loss. A
/// loss with logit adjustment τ divides it by the τ-th power of the images.
///
/// # Errors
/// Settings that do not fit the dataset, such as the share of a source that it does not have.
pub fn of_run(dataset: &Dataset, config: &TrainingConfig) -> Result<[f64; Diagnosis::COUNT]> {
    let rows = sampling::training_rows(dataset, config);
    let sampling = Sampling::new(dataset, config, &rows)?;
    let images = sampling.class_counts();
    let weights = class_weights::resolve(config, &sampling.counts_for_weights(config.sampler));
    let prior = |class: usize| match images[class] {
        0.0 => 0.0,
        count => weights[class] * count.powf(1.0 - config.logit_adjustment),
    };
    let priors: [f64; Diagnosis::COUNT] = std::array::from_fn(prior);
    let total: f64 = priors.iter().sum();
    Ok(priors.map(|prior| prior / total.max(f64::MIN_POSITIVE)))
}
