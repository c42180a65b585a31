//! The same figures for groups of people and photographs, and how far each group is from the rest.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Clusters, DRAWS, interval};
use super::{Confusion, Predictions, ranking};
use crate::Diagnosis;

/// Fewer images than this make no group of their own: their figures would be chance.
pub const LEAST_IMAGES: usize = 20;

/// The images that share a value of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subgroup {
    /// The column, such as `sex`.
    pub by: String,
    /// Its value, such as `female`.
    pub value: String,
    /// Number of images.
    pub n: usize,
    /// Number of melanomas among them.
    pub melanomas: usize,
    /// Its figures, by name: `accuracy`, `balanced_accuracy`, `melanoma_recall` and `melanoma_auc`, those that
    /// it defines.
    pub figures: BTreeMap<String, SubgroupMetric>,
}

/// A figure of a group beside that of all other images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubgroupMetric {
    /// In the group.
    pub value: f64,
    /// Its 95 % interval; `None` if it is undefined in nearly every draw.
    pub interval: Option<[f64; 2]>,
    /// The group's figure less that of the rest; `None` if the rest does not define it.
    pub gap: Option<f64>,
    /// The gap's 95 % interval.
    pub gap_interval: Option<[f64; 2]>,
}

/// The names of the figures, in the order of [`Tally::figures`].
pub const FIGURES: [&str; 4] = [
    "accuracy",
    "balanced_accuracy",
    "melanoma_recall",
    "melanoma_auc",
];

type SubgroupMetrics = [Option<f64>; FIGURES.len()];

/// The figures of every group of at least [`LEAST_IMAGES`] images. `columns` holds a column's name with the value
/// of each image; a column with a single such value has no groups. Intervals are by percentile bootstrap over lesions,
/// with the same draws for all groups.
pub fn subgroups(
    predictions: &Predictions,
    columns: &[(&str, Vec<String>)],
    seed: u64,
) -> Vec<Subgroup> {
    let columns: Vec<Column> = (columns.iter())
        .map(|(name, values)| Column::new(name, values))
        .filter(|column| column.values.len() > 1)
        .collect();
    let images = Images::new(predictions);
    let once = vec![1; predictions.truths.len()];
    let whole: Vec<Vec<[SubgroupMetrics; 2]>> =
        columns.iter().map(|c| images.score(c, &once)).collect();
    let lesions = Clusters::new(&predictions.lesions());
    let draws: Vec<Vec<Vec<[SubgroupMetrics; 2]>>> = (0..DRAWS)
        .into_par_iter()
        .map(|number| {
            let times = lesions.draw(seed, number);
            columns.iter().map(|c| images.score(c, &times)).collect()
        })
        .collect();
    let mut groups = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        for (group, (value, n)) in column.values.iter().enumerate() {
            if *n < LEAST_IMAGES {
                continue;
            }
            let drawn: Vec<[SubgroupMetrics; 2]> =
                draws.iter().map(|draw| draw[at][group]).collect();
            let is_melanoma = |&image: &usize| predictions.truths[image] == Diagnosis::Mel;
            let members = (0..once.len()).filter(|&image| column.group_of[image] == group);
            groups.push(Subgroup {
                by: column.name.clone(),
                value: value.clone(),
                n: *n,
                melanomas: members.filter(is_melanoma).count(),
                figures: figures(whole[at][group], &drawn),
            });
        }
    }
    groups
}

/// A column with its values and their numbers of images, in alphabetical order.
struct Column {
    name: String,
    values: Vec<(String, usize)>,
    /// The place of each image's value.
    group_of: Vec<usize>,
}

impl Column {
    fn new(name: &str, values: &[String]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        let places: BTreeMap<&str, usize> = counts.keys().copied().zip(0..).collect();
        Self {
            name: name.to_owned(),
            group_of: values.iter().map(|value| places[value.as_str()]).collect(),
            values: (counts.into_iter())
                .map(|(value, n)| (value.to_owned(), n))
                .collect(),
        }
    }
}

/// What the figures need to know of each image.
struct Images {
    truths: Vec<Diagnosis>,
    guesses: Vec<Diagnosis>,
    /// The images by their probability of melanoma, lowest first; equal ones share a rank.
    by_melanoma: Vec<usize>,
    melanoma: Vec<f64>,
}

impl Images {
    fn new(predictions: &Predictions) -> Self {
        let melanoma: Vec<f64> = (predictions.probabilities.iter())
            .map(|row| row[Diagnosis::Mel.index()])
            .collect();
        let mut by_melanoma: Vec<usize> = (0..melanoma.len()).collect();
        by_melanoma.sort_by(|&a, &b| melanoma[a].total_cmp(&melanoma[b]));
        Self {
            truths: predictions.truths.clone(),
            guesses: (predictions.probabilities.iter())
                .map(ranking::likeliest)
                .collect(),
            by_melanoma,
            melanoma,
        }
    }

    /// The figures of each group of a column and of all that is outside it, each image counting so many times.
    fn score(&self, column: &Column, times: &[u32]) -> Vec<[SubgroupMetrics; 2]> {
        let mut inside = vec![Tally::default(); column.values.len()];
        let mut whole = Confusion::default();
        for (image, &times) in times.iter().enumerate() {
            let (truth, guess) = (self.truths[image].index(), self.guesses[image].index());
            let cell = |confusion: &mut Confusion| confusion.counts[truth][guess] += times as usize;
            cell(&mut inside[column.group_of[image]].confusion);
            cell(&mut whole);
        }
        let mut outside = vec![Tally::default(); column.values.len()];
        for (outside, inside) in outside.iter_mut().zip(&inside) {
            for (row, (all, own)) in (outside.confusion.counts.iter_mut())
                .zip(whole.counts.iter().zip(&inside.confusion.counts))
            {
                for (cell, (all, own)) in row.iter_mut().zip(all.iter().zip(own)) {
                    *cell = all - own;
                }
            }
        }
        for equal in (self.by_melanoma).chunk_by(|&a, &b| self.melanoma[a] == self.melanoma[b]) {
            self.rank(equal, column, times, &mut inside, &mut outside);
        }
        (inside.iter().zip(&outside))
            .map(|(inside, outside)| [inside.figures(), outside.figures()])
            .collect()
    }

    /// Lets images of the same probability of melanoma win against all with less.
    fn rank(
        &self,
        equal: &[usize],
        column: &Column,
        times: &[u32],
        inside: &mut [Tally],
        outside: &mut [Tally],
    ) {
        let groups = inside.len();
        let (mut with, mut without) = (vec![0; groups], vec![0; groups]);
        for &image in equal {
            let counts = if self.truths[image] == Diagnosis::Mel {
                &mut with
            } else {
                &mut without
            };
            counts[column.group_of[image]] += u64::from(times[image]);
        }
        let (all_with, all_without) = (with.iter().sum::<u64>(), without.iter().sum::<u64>());
        for group in 0..groups {
            inside[group].advance(with[group], without[group]);
            outside[group].advance(all_with - with[group], all_without - without[group]);
        }
    }
}

/// What is known of a group in one draw.
#[derive(Clone, Default)]
struct Tally {
    confusion: Confusion,
    /// Twice the pairs of a melanoma and another image in which the melanoma has the higher probability of it.
    won_twice: u64,
    positives: u64,
    negatives: u64,
}

impl Tally {
    /// Takes in images of equal probability, higher than all before.
    fn advance(&mut self, with: u64, without: u64) {
        self.won_twice += with * (2 * self.negatives + without);
        self.positives += with;
        self.negatives += without;
    }

    fn figures(&self) -> SubgroupMetrics {
        let melanomas = self.confusion.support(Diagnosis::Mel);
        let pairs = self.positives * self.negatives;
        [
            self.confusion.accuracy(),
            self.confusion.balanced_accuracy(),
            (melanomas > 0).then(|| self.confusion.recall(Diagnosis::Mel)),
            (pairs > 0).then(|| self.won_twice as f64 / (2 * pairs) as f64),
        ]
    }
}

/// The defined figures of a group with their intervals, from all images and from the draws, each `[inside, outside]`.
fn figures(
    whole: [SubgroupMetrics; 2],
    draws: &[[SubgroupMetrics; 2]],
) -> BTreeMap<String, SubgroupMetric> {
    let named = FIGURES.iter().enumerate().filter_map(|(at, name)| {
        let [inside, outside] = whole.map(|figures| figures[at]);
        let value = inside?;
        let gap_in = |draw: &[SubgroupMetrics; 2]| Some(draw[0][at]? - draw[1][at]?);
        let figure = SubgroupMetric {
            value,
            interval: interval(draws.iter().filter_map(|draw| draw[0][at]).collect()),
            gap: outside.map(|outside| value - outside),
            gap_interval: outside.and_then(|_| interval(draws.iter().filter_map(gap_in).collect())),
        };
        Some(((*name).to_owned(), figure))
    });
    named.collect()
}

/// The band of ten years that an age falls into, as in `50–59`; `unknown` if it is none.
pub fn age_band(age: &str) -> String {
    match age.parse::<f64>() {
        Ok(age) if (0.0..200.0).contains(&age) => {
            let from = (age / 10.0).floor() as usize * 10;
            match from {
                80.. => "80 and over".to_owned(),
                0 | 10 => "0–19".to_owned(),
                _ => format!("{from}–{}", from + 9),
            }
        }
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests;
