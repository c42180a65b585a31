//! Which images a run trains on, in what order, and the seeds that make it repeatable.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::Diagnosis;
use crate::dataset::{Dataset, Split};
use crate::training::config::{Sampler, TrainingConfig};

/// The rows to train on: all of the training part, or `train_limit` of them with the class shares kept
/// and every class present.
pub fn training_rows(dataset: &Dataset, config: &TrainingConfig) -> Vec<usize> {
    let all = dataset.split_rows(Split::Train);
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

/// The examples of an epoch in their order, as positions in `truths`. It is as long as `truths` whatever the
/// sampler; a class that is seen more often than it has images repeats none before all were seen.
pub fn order(truths: &[Diagnosis], sampler: Sampler, seed: u64, epoch: usize) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch as u64);
    let mut order: Vec<usize> = match sampler {
        Sampler::Natural => (0..truths.len()).collect(),
        Sampler::Sqrt => drawn(truths, &mut random, |count| count.sqrt()),
        Sampler::Balanced => drawn(truths, &mut random, |_| 1.0),
    };
    order.shuffle(&mut random);
    order
}

/// Examples in which each class appears in proportion to `share` of its number of images.
fn drawn(truths: &[Diagnosis], random: &mut ChaCha8Rng, share: impl Fn(f64) -> f64) -> Vec<usize> {
    let shares = count(truths).map(|count| match count {
        0 => 0.0,
        count => share(count as f64),
    });
    let total: f64 = shares.iter().sum();
    let (mut drawn, mut request) = (Vec::with_capacity(truths.len()), 0.0);
    for class in Diagnosis::ALL {
        let mut members: Vec<usize> = (0..truths.len())
            .filter(|&at| truths[at] == class)
            .collect();
        // Summed up before it is rounded, so that the classes together fill the epoch exactly.
        request += shares[class.index()] / total * truths.len() as f64;
        let until = request.round() as usize;
        while drawn.len() < until && !members.is_empty() {
            members.shuffle(random);
            let missing = until - drawn.len();
            drawn.extend(members.iter().take(missing));
        }
    }
    drawn
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

#[cfg(test)]
mod tests {
    use super::*;

    fn truths() -> Vec<Diagnosis> {
        let counts = [
            (Diagnosis::Nv, 81),
            (Diagnosis::Mel, 16),
            (Diagnosis::Df, 3),
        ];
        let of = |(class, count)| std::iter::repeat_n(class, count);
        counts.into_iter().flat_map(of).collect()
    }

    fn counted(sampler: Sampler) -> [usize; 3] {
        let truths = truths();
        let order = order(&truths, sampler, 1, 1);
        [Diagnosis::Nv, Diagnosis::Mel, Diagnosis::Df]
            .map(|class| order.iter().filter(|&&at| truths[at] == class).count())
    }

    #[test]
    fn an_epoch_is_as_long_whatever_the_sampler_and_classes_come_in_its_shares() {
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
    fn no_image_repeats_before_all_of_its_class_were_seen() {
        let (truths, order) = (truths(), order(&truths(), Sampler::Balanced, 1, 1));
        for (at, truth) in truths.iter().enumerate() {
            let seen = order.iter().filter(|&&other| other == at).count();
            let expected = match truth {
                Diagnosis::Nv => 0..=1,
                Diagnosis::Mel => 2..=3,
                _ => 11..=12,
            };
            assert!(expected.contains(&seen), "{truth}: {seen}");
        }
    }

    #[test]
    fn every_epoch_and_seed_has_an_order_of_its_own() {
        let of = |seed, epoch| order(&truths(), Sampler::Natural, seed, epoch);
        assert_eq!(of(1, 1), of(1, 1));
        assert_ne!(of(1, 1), of(1, 2));
        assert_ne!(of(1, 1), of(2, 1));
    }
}
