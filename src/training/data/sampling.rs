//! Selection and order of the training images, and the seeds that make runs reproducible.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::dataset::{Dataset, Split};
use crate::training::config::{Sampler, TrainingConfig};
use crate::{Class, ClassList};

/// The rows to train on: the whole train split, or about `train_limit` of them, stratified by class. Rounding up keeps
/// at least one image of every class.
pub fn training_rows(dataset: &Dataset, config: &TrainingConfig) -> Vec<usize> {
    let all = dataset.split_rows(Split::Train);
    if config.train_limit == 0 || config.train_limit >= all.len() {
        return all;
    }
    let mut selected = Vec::new();
    for diagnosis in dataset.info.classes.iter() {
        let of_class = |row: &usize| dataset.rows[*row].sample.dx == diagnosis;
        let mut rows: Vec<usize> = all.iter().copied().filter(of_class).collect();
        let count = (rows.len() * config.train_limit).div_ceil(all.len());
        rows.shuffle(&mut ChaCha8Rng::seed_from_u64(config.seed));
        selected.extend(rows.into_iter().take(count));
    }
    selected.sort_unstable();
    selected
}

/// How often each training example is drawn in an epoch. An example's index is its position among the training rows.
/// The length of an epoch is always the number of training examples.
pub struct Sampling {
    classes: ClassList,
    seed: u64,
    labels: Vec<Class>,
    /// The groups of the classes that share an epoch. If there are none, every example is drawn once.
    groups: Vec<Group>,
}

/// Training examples that get a share of every epoch.
struct Group {
    /// Indices of the examples, ascending.
    members: Vec<usize>,
    /// Fraction of the epoch, 0 to 1.
    share: f64,
}

impl Sampling {
    /// The configured sampling of the training rows.
    pub fn new(dataset: &Dataset, config: &TrainingConfig, rows: &[usize]) -> Self {
        let sample = |&row: &usize| &dataset.rows[row].sample;
        let labels: Vec<Class> = rows.iter().map(|row| sample(row).dx).collect();
        let groups = match config.sampler {
            Sampler::Natural => Vec::new(),
            Sampler::Sqrt => by_class(dataset.info.classes, &labels, |count| count.sqrt()),
            Sampler::Balanced => by_class(dataset.info.classes, &labels, |_| 1.0),
        };
        Self {
            classes: dataset.info.classes,
            seed: config.seed,
            labels,
            groups,
        }
    }

    /// The examples of an epoch in order. A group that is drawn more often than it has images repeats none of them
    /// before all were used.
    pub fn order(&self, epoch: usize) -> Vec<usize> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(epoch as u64);
        let mut order = Vec::with_capacity(self.labels.len());
        if self.groups.is_empty() {
            order.extend(0..self.labels.len());
        }
        for (group, drawn) in self.groups.iter().zip(self.drawn()) {
            let (mut members, until) = (group.members.clone(), order.len() + drawn);
            while order.len() < until && !members.is_empty() {
                members.shuffle(&mut random);
                order.extend(members.iter().take(until - order.len()));
            }
        }
        order.shuffle(&mut random);
        order
    }

    /// For each position of an order, how often its example was drawn before.
    pub fn repeats(&self, order: &[usize]) -> Vec<usize> {
        let mut drawn = vec![0; self.labels.len()];
        let repeat = |&index: &usize| {
            drawn[index] += 1;
            drawn[index] - 1
        };
        order.iter().map(repeat).collect()
    }

    /// Expected number of examples of each class in an epoch, in class order.
    pub fn expected_class_counts(&self) -> Vec<f64> {
        if self.groups.is_empty() {
            return count(self.classes, &self.labels);
        }
        let mut counts = vec![0.0; self.classes.len()];
        for (group, drawn) in self.groups.iter().zip(self.drawn()) {
            let of_group: Vec<Class> = (group.members.iter())
                .map(|&member| self.labels[member])
                .collect();
            for (total, images) in counts.iter_mut().zip(count(self.classes, &of_group)) {
                *total += images * drawn as f64 / of_group.len().max(1) as f64;
            }
        }
        counts
    }

    /// The number of training images of each class, from which class weights are computed.
    pub fn images_of_classes(&self) -> Vec<f64> {
        count(self.classes, &self.labels)
    }

    /// Number of examples that an epoch draws from each group.
    fn drawn(&self) -> Vec<usize> {
        let (mut target, mut before) = (0.0, 0);
        // The cumulative sum is rounded, so that the groups together fill the epoch exactly.
        let of_group = |group: &Group| {
            target += group.share * self.labels.len() as f64;
            let until = target.round() as usize;
            until - std::mem::replace(&mut before, until)
        };
        self.groups.iter().map(of_group).collect()
    }
}

/// One group for each class, with a share in proportion to `weight` of its number of images.
fn by_class(classes: ClassList, labels: &[Class], weight: impl Fn(f64) -> f64) -> Vec<Group> {
    let weight = |count: f64| match count {
        0.0 => 0.0,
        count => weight(count),
    };
    let weights: Vec<f64> = count(classes, labels).into_iter().map(weight).collect();
    let total: f64 = weights.iter().sum();
    let of_class = |class: Class| Group {
        members: (0..labels.len())
            .filter(|&index| labels[index] == class)
            .collect(),
        share: weights[class.index()] / total,
    };
    classes.map(of_class)
}

/// The seed of libtorch's generator for a step. Every step reseeds it, because its state cannot be saved.
pub fn step_seed(seed: u64, epoch: usize, step: usize) -> i64 {
    const PRIME: u64 = 1_000_003;
    let mixed = seed.wrapping_mul(PRIME).wrapping_add(epoch as u64);
    mixed.wrapping_mul(PRIME).wrapping_add(step as u64) as i64
}

/// Number of examples per class, in class order.
pub fn count(classes: ClassList, labels: &[Class]) -> Vec<f64> {
    let mut counts = vec![0.0; classes.len()];
    for label in labels {
        counts[label.index()] += 1.0;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};

    fn labels() -> Vec<Class> {
        let counts = [(ham("nv"), 81), (ham("mel"), 16), (ham("df"), 3)];
        let of = |(class, count)| std::iter::repeat_n(class, count);
        counts.into_iter().flat_map(of).collect()
    }

    fn sampling(groups: impl Fn(&[Class]) -> Vec<Group>, seed: u64) -> Sampling {
        let labels = labels();
        Sampling {
            classes: ham10000(),
            seed,
            groups: groups(&labels),
            labels,
        }
    }

    fn every_image_once(_: &[Class]) -> Vec<Group> {
        Vec::new()
    }

    fn balanced(labels: &[Class]) -> Vec<Group> {
        by_class(ham10000(), labels, |_| 1.0)
    }

    fn sqrt(labels: &[Class]) -> Vec<Group> {
        by_class(ham10000(), labels, |count| count.sqrt())
    }

    fn counted(sampling: &Sampling) -> [f64; 3] {
        let order = sampling.order(1);
        let drawn: Vec<_> = order.iter().map(|&at| sampling.labels[at]).collect();
        [ham("nv"), ham("mel"), ham("df")].map(|class| count(ham10000(), &drawn)[class.index()])
    }

    #[test]
    fn samplers_keep_the_length_of_an_epoch_and_set_the_class_frequencies() {
        assert_eq!(counted(&sampling(every_image_once, 1)), [81.0, 16.0, 3.0]);
        let each = counted(&sampling(balanced, 1));
        assert_eq!(each.iter().sum::<f64>(), 100.0);
        assert!(each.iter().all(|n| (33.0..=34.0).contains(n)));
        // √81 : √16 : √3 = 9 : 4 : 1.73
        assert_eq!(counted(&sampling(sqrt, 1)), [61.0, 27.0, 12.0]);
        for groups in [every_image_once, balanced, sqrt] {
            let sampling = sampling(groups, 1);
            let drawn = sampling.order(1);
            let drawn: Vec<_> = drawn.iter().map(|&at| sampling.labels[at]).collect();
            let pairs = sampling
                .expected_class_counts()
                .into_iter()
                .zip(count(ham10000(), &drawn));
            assert!(pairs.into_iter().all(|(n, m)| (n - m).abs() < 1e-9));
        }
    }

    #[test]
    fn no_image_repeats_before_all_of_its_class_were_used() {
        let (labels, order) = (labels(), sampling(balanced, 1).order(1));
        for (at, label) in labels.iter().enumerate() {
            let seen = order.iter().filter(|&&other| other == at).count();
            let expected = match label.code() {
                "nv" => 0..=1,
                "mel" => 2..=3,
                _ => 11..=12,
            };
            assert!(expected.contains(&seen), "{label}: {seen}");
        }
    }

    #[test]
    fn epochs_and_seeds_have_different_orders() {
        let of = |seed, epoch| sampling(every_image_once, seed).order(epoch);
        assert_eq!(of(1, 1), of(1, 1));
        assert_ne!(of(1, 1), of(1, 2));
        assert_ne!(of(1, 1), of(2, 1));
    }
}
