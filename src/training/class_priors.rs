//! The priors of the classes that a network learns from its training data.

use super::class_weights;
use super::config::TrainingConfig;
use super::data::sampling::{self, Sampling};
use crate::dataset::Dataset;

/// The prior of each class, in class order, with a sum of 1: the images of an epoch times their final weight in the
/// loss.
pub fn of_run(dataset: &Dataset, config: &TrainingConfig) -> Vec<f64> {
    let rows = sampling::training_rows(dataset, config);
    let sampling = Sampling::new(dataset, config, &rows);
    let images = sampling.expected_class_counts();
    let weights =
        class_weights::resolve(config, dataset.info.classes, &sampling.images_of_classes());
    let priors: Vec<f64> = weights.iter().zip(&images).map(|(w, n)| w * n).collect();
    let total: f64 = priors.iter().sum();
    let of_sum = |prior| prior / total.max(f64::MIN_POSITIVE);
    priors.into_iter().map(of_sum).collect()
}
