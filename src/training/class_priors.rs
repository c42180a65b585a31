//! The priors of the classes that a network learns from its training data.

use super::class_weights;
use super::config::TrainingConfig;
use super::data::sampling;
use crate::Diagnosis;
use crate::dataset::Dataset;

/// The prior of each class, in class order, with a sum of 1: the images of an epoch times their weight in the loss. A
/// loss with logit adjustment τ divides it by the τ-th power of the images.
pub fn of_run(dataset: &Dataset, config: &TrainingConfig) -> [f64; Diagnosis::COUNT] {
    let rows = sampling::training_rows(dataset, config);
    let labels: Vec<Diagnosis> = (rows.iter())
        .map(|&row| dataset.rows[row].sample.dx)
        .collect();
    let weights = class_weights::resolve(config, &sampling::count(&labels));
    let order = sampling::order(&labels, config.sampler, config.seed, 1);
    let sampled: Vec<Diagnosis> = order.iter().map(|&index| labels[index]).collect();
    let images = sampling::count(&sampled).map(|count| count as f64);
    let prior = |class: usize| match images[class] {
        0.0 => 0.0,
        count => weights[class] * count.powf(1.0 - config.logit_adjustment),
    };
    let priors: [f64; Diagnosis::COUNT] = std::array::from_fn(prior);
    let total: f64 = priors.iter().sum();
    priors.map(|prior| prior / total.max(f64::MIN_POSITIVE))
}
