//! Which images a run trains on, in what order, and the seeds that make it repeatable.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::config::TrainingConfig;
use crate::Diagnosis;
use crate::dataset::{Dataset, Part};

/// The rows to train on: all of the training part, or `train_limit` of them with the class shares kept
/// and every class present.
pub fn training_rows(dataset: &Dataset, config: &TrainingConfig) -> Vec<usize> {
    let all = dataset.part(Part::Train);
    if config.train_limit == 0 || config.train_limit >= all.len() {
        return all;
    }
    let mut kept = Vec::new();
    for diagnosis in Diagnosis::ALL {
        let of_class = |row: &usize| dataset.rows[*row].sample.dx == diagnosis;
        let mut rows: Vec<usize> = all.iter().copied().filter(of_class).collect();
        let share = (rows.len() * config.train_limit).div_ceil(all.len());
        rows.shuffle(&mut ChaCha8Rng::seed_from_u64(config.seed));
        kept.extend(rows.into_iter().take(share));
    }
    kept.sort_unstable();
    kept
}

/// The order of `count` examples in an epoch.
pub fn shuffled(count: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch as u64);
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut random);
    order
}

/// libtorch's generator cannot be read back, so each step seeds it anew from where it stands.
pub fn step_seed(seed: u64, epoch: usize, step: usize) -> i64 {
    const PRIME: u64 = 1_000_003;
    let mixed = seed.wrapping_mul(PRIME).wrapping_add(epoch as u64);
    mixed.wrapping_mul(PRIME).wrapping_add(step as u64) as i64
}

/// Examples by class, in class order.
pub fn count(truths: &[Diagnosis]) -> [usize; Diagnosis::COUNT] {
    let mut counts = [0; Diagnosis::COUNT];
    for truth in truths {
        counts[truth.index()] += 1;
    }
    counts
}
