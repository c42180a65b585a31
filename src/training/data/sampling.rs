//! Selection and order of the training images, and the seeds that make runs reproducible.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Diagnosis;
use crate::dataset::{Dataset, Split};
use crate::training::config::{Sampler, TrainingConfig};

/// The rows to train on: the whole train split, or about `train_limit` of them, stratified by class. Rounding up keeps
/// at least one image of every class.
pub fn training_rows(dataset: &Dataset, config: &TrainingConfig) -> Vec<usize> {
    let all = dataset.split_rows(Split::Train);
    if config.train_limit == 0 || config.train_limit >= all.len() {
        return all;
    }
    let mut selected = Vec::new();
    for diagnosis in Diagnosis::ALL {
        let of_class = |row: &usize| dataset.rows[*row].sample.dx == diagnosis;
        let mut rows: Vec<usize> = all.iter().copied().filter(of_class).collect();
        let count = (rows.len() * config.train_limit).div_ceil(all.len());
        rows.shuffle(&mut ChaCha8Rng::seed_from_u64(config.seed));
        selected.extend(rows.into_iter().take(count));
    }
    selected.sort_unstable();
    selected
}

/// The examples of an epoch in order, as indices into `labels`. The length is that of `labels` for every sampler. A
/// class that is sampled more often than it has images repeats none of them before all were used.
pub fn order(labels: &[Diagnosis], sampler: Sampler, seed: u64, epoch: usize) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch as u64);
    let mut order: Vec<usize> = match sampler {
        Sampler::Natural => (0..labels.len()).collect(),
        Sampler::Sqrt => sample(labels, &mut random, |count| count.sqrt()),
        Sampler::Balanced => sample(labels, &mut random, |_| 1.0),
    };
    order.shuffle(&mut random);
    order
}

/// Indices in which each class appears in proportion to `weight` of its number of images.
fn sample(
    labels: &[Diagnosis],
    random: &mut ChaCha8Rng,
    weight: impl Fn(f64) -> f64,
) -> Vec<usize> {
    let weights = count(labels).map(|count| match count {
        0.0 => 0.0,
        count => weight(count),
    });
    let total: f64 = weights.iter().sum();
    let (mut sampled, mut target) = (Vec::with_capacity(labels.len()), 0.0);
    for class in Diagnosis::ALL {
        let mut members: Vec<usize> = (0..labels.len())
            .filter(|&index| labels[index] == class)
            .collect();
        // The cumulative sum is rounded, so that the classes together fill the epoch exactly.
        target += weights[class.index()] / total * labels.len() as f64;
        let until = target.round() as usize;
        while sampled.len() < until && !members.is_empty() {
            members.shuffle(random);
            let missing = until - sampled.len();
            sampled.extend(members.iter().take(missing));
        }
    }
    sampled
}

/// The seed of libtorch's generator for a step. Every step reseeds it, because its state cannot be saved.
pub fn step_seed(seed: u64, epoch: usize, step: usize) -> i64 {
    const PRIME: u64 = 1_000_003;
    let mixed = seed.wrapping_mul(PRIME).wrapping_add(epoch as u64);
    mixed.wrapping_mul(PRIME).wrapping_add(step as u64) as i64
}

/// Number of examples per class, in class order.
pub fn count(labels: &[Diagnosis]) -> [f64; Diagnosis::COUNT] {
    let mut counts = [0.0; Diagnosis::COUNT];
    for label in labels {
        counts[label.index()] += 1.0;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<Diagnosis> {
        let counts = [
            (Diagnosis::Nv, 81),
            (Diagnosis::Mel, 16),
            (Diagnosis::Df, 3),
        ];
        let of = |(class, count)| std::iter::repeat_n(class, count);
        counts.into_iter().flat_map(of).collect()
    }

    fn counted(sampler: Sampler) -> [usize; 3] {
        let labels = labels();
        let order = order(&labels, sampler, 1, 1);
        [Diagnosis::Nv, Diagnosis::Mel, Diagnosis::Df]
            .map(|class| order.iter().filter(|&&at| labels[at] == class).count())
    }

    #[test]
    fn samplers_keep_the_length_of_an_epoch_and_set_the_class_frequencies() {
        assert_eq!(counted(Sampler::Natural), [81, 16, 3]);
        assert_eq!(counted(Sampler::Balanced).iter().sum::<usize>(), 100);
        assert!(
            counted(Sampler::Balanced)
                .iter()
                .all(|n| (33..=34).contains(n))
        );
        // √81 : √16 : √3 = 9 : 4 : 1.73
        assert_eq!(counted(Sampler::Sqrt), [61, 27, 12]);
    }

    #[test]
    fn no_image_repeats_before_all_of_its_class_were_used() {
        let (labels, order) = (labels(), order(&labels(), Sampler::Balanced, 1, 1));
        for (at, label) in labels.iter().enumerate() {
            let seen = order.iter().filter(|&&other| other == at).count();
            let expected = match label {
                Diagnosis::Nv => 0..=1,
                Diagnosis::Mel => 2..=3,
                _ => 11..=12,
            };
            assert!(expected.contains(&seen), "{label}: {seen}");
        }
    }

    #[test]
    fn epochs_and_seeds_have_different_orders() {
        let of = |seed, epoch| order(&labels(), Sampler::Natural, seed, epoch);
        assert_eq!(of(1, 1), of(1, 1));
        assert_ne!(of(1, 1), of(1, 2));
        assert_ne!(of(1, 1), of(2, 1));
    }
}
