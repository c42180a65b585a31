//! Subgroup analysis: metrics of each group of patients or photographs, and the gap to all other images.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bootstrap::{Clusters, DRAWS, interval};
use super::ranking::RocAuc;
use super::{Confusion, Predictions};
use crate::probabilities::Probabilities;
use crate::{Class, ClassList};

/// The minimum number of images of a group. Metrics of fewer images are mostly noise.
pub const MIN_IMAGES: usize = 20;

/// The images that share a value of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subgroup {
    /// The column, such as `sex`.
    pub by: String,
    /// Its value, such as `female`.
    pub value: String,
    /// Number of images.
    pub n: usize,
    /// Number of melanoma images.
    pub melanomas: usize,
    /// Its defined metrics by name: `accuracy`, `balanced_accuracy`, `melanoma_recall`, `melanoma_auc`.
    pub figures: BTreeMap<String, SubgroupMetric>,
}

/// A metric of a group, compared with all other images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubgroupMetric {
    /// The metric of the group.
    pub value: f64,
    /// Its 95 % interval; `None` if it is undefined in every draw.
    pub interval: Option<[f64; 2]>,
    /// The metric of the group minus that of all other images; `None` if it is undefined there.
    pub gap: Option<f64>,
    /// The 95 % interval of the gap.
    pub gap_interval: Option<[f64; 2]>,
}

/// The names of the metrics, in the order of [`Tally::metrics`].
pub const NAMES: [&str; 4] = [
    "accuracy",
    "balanced_accuracy",
    "melanoma_recall",
    "melanoma_auc",
];

type Values = [Option<f64>; NAMES.len()];

/// The metrics of a group and of all other images.
type InsideOutside = [Values; 2];

/// The metrics of every group of at least [`MIN_IMAGES`] images. `columns` holds the name of each column and its value
/// for each image; a column with a single value has no groups. Intervals are by percentile bootstrap over lesions, with
/// the same draws for all groups.
pub fn subgroups(
    predictions: &Predictions,
    columns: &[(&str, Vec<String>)],
    seed: u64,
) -> Vec<Subgroup> {
    let columns: Vec<Column> = (columns.iter())
        .map(|(name, values)| Column::new(name, values))
        .filter(|column| column.values.len() > 1)
        .collect();
    let melanoma = predictions.classes.melanoma();
    let images = Images::new(predictions);
    let unit_weights = vec![1; predictions.truths.len()];
    let observed: Vec<Vec<InsideOutside>> = columns
        .iter()
        .map(|c| images.score(c, &unit_weights))
        .collect();
    let lesions = Clusters::new(&predictions.clusters());
    let draws: Vec<Vec<Vec<InsideOutside>>> = (0..DRAWS)
        .into_par_iter()
        .map(|number| {
            let weights = lesions.draw(seed, number);
            columns.iter().map(|c| images.score(c, &weights)).collect()
        })
        .collect();
    let mut groups = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        for (group, (value, n)) in column.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let drawn: Vec<InsideOutside> = draws.iter().map(|draw| draw[at][group]).collect();
            let is_melanoma = |&image: &usize| Some(predictions.truths[image]) == melanoma;
            let members = (0..unit_weights.len()).filter(|&image| column.group_of[image] == group);
            groups.push(Subgroup {
                by: column.name.clone(),
                value: value.clone(),
                n: *n,
                melanomas: members.filter(is_melanoma).count(),
                figures: with_intervals(observed[at][group], &drawn),
            });
        }
    }
    groups
}

/// A column with its values of at least [`MIN_IMAGES`] images and the number of images of each, in alphabetical order.
/// All other values are one group at the end, without a name: free text would otherwise give thousands of groups.
struct Column {
    name: String,
    values: Vec<(Option<String>, usize)>,
    /// The index in `values` of each image.
    group_of: Vec<usize>,
}

impl Column {
    fn new(name: &str, values: &[String]) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        counts.retain(|_, n| *n >= MIN_IMAGES);
        let index_of: BTreeMap<&str, usize> = counts.keys().copied().zip(0..).collect();
        let others = values.len() - counts.values().sum::<usize>();
        let group_of = |value: &String| index_of.get(value.as_str()).copied();
        Self {
            name: name.to_owned(),
            group_of: (values.iter())
                .map(|value| group_of(value).unwrap_or(index_of.len()))
                .collect(),
            values: (counts.iter())
                .map(|(&value, &n)| (Some(value.to_owned()), n))
                .chain((others > 0).then_some((None, others)))
                .collect(),
        }
    }
}

/// Truths, predictions and the ranking by the probability of melanoma.
struct Images {
    classes: ClassList,
    truths: Vec<Class>,
    predictions: Vec<Class>,
    /// The images by their probability of melanoma, highest first.
    by_melanoma: Vec<usize>,
    /// The probability of melanoma of each image.
    melanoma: Vec<f64>,
}

impl Images {
    fn new(predictions: &Predictions) -> Self {
        let melanoma: Vec<f64> = (predictions.probabilities.iter())
            .map(|row| {
                predictions
                    .classes
                    .melanoma()
                    .map_or(0.0, |class| row[class.index()])
            })
            .collect();
        let mut by_melanoma: Vec<usize> = (0..melanoma.len()).collect();
        by_melanoma.sort_by(|&a, &b| melanoma[b].total_cmp(&melanoma[a]));
        Self {
            classes: predictions.classes,
            truths: predictions.truths.clone(),
            predictions: predictions
                .probabilities
                .iter()
                .map(Probabilities::argmax)
                .collect(),
            by_melanoma,
            melanoma,
        }
    }

    /// The metrics of each group of a column and of all images outside it, where image `i` counts `weights[i]` times.
    fn score(&self, column: &Column, weights: &[u32]) -> Vec<InsideOutside> {
        let mut inside = vec![Tally::new(self.classes); column.values.len()];
        let mut all = Confusion::new(self.classes);
        for (image, &weight) in weights.iter().enumerate() {
            let truth = self.truths[image].index();
            let prediction = self.predictions[image].index();
            let group = &mut inside[column.group_of[image]].confusion;
            group.counts[truth][prediction] += weight as usize;
            all.counts[truth][prediction] += weight as usize;
        }
        let mut outside = vec![Tally::new(self.classes); column.values.len()];
        for (outside, inside) in outside.iter_mut().zip(&inside) {
            for (row, (all, own)) in (outside.confusion.counts.iter_mut())
                .zip(all.counts.iter().zip(&inside.confusion.counts))
            {
                for (cell, (all, own)) in row.iter_mut().zip(all.iter().zip(own)) {
                    *cell = all - own;
                }
            }
        }
        for ties in (self.by_melanoma).chunk_by(|&a, &b| self.melanoma[a] == self.melanoma[b]) {
            self.add_ties(ties, column, weights, &mut inside, &mut outside);
        }
        (inside.iter().zip(&outside))
            .map(|(inside, outside)| [inside.metrics(), outside.metrics()])
            .collect()
    }

    /// Adds images of equal probability of melanoma to the AUC of each group and of its complement.
    fn add_ties(
        &self,
        ties: &[usize],
        column: &Column,
        weights: &[u32],
        inside: &mut [Tally],
        outside: &mut [Tally],
    ) {
        let groups = inside.len();
        let (mut positives, mut negatives) = (vec![0; groups], vec![0; groups]);
        for &image in ties {
            let counts = if Some(self.truths[image]) == self.classes.melanoma() {
                &mut positives
            } else {
                &mut negatives
            };
            counts[column.group_of[image]] += u64::from(weights[image]);
        }
        let all_positives: u64 = positives.iter().sum();
        let all_negatives: u64 = negatives.iter().sum();
        for group in 0..groups {
            let (own_positives, own_negatives) = (positives[group], negatives[group]);
            inside[group].auc.add(own_positives, own_negatives);
            (outside[group].auc).add(all_positives - own_positives, all_negatives - own_negatives);
        }
    }
}

/// The counts of a group in one draw.
#[derive(Clone)]
struct Tally {
    confusion: Confusion,
    /// Melanoma against the rest.
    auc: RocAuc,
}

impl Tally {
    fn new(classes: ClassList) -> Self {
        Self {
            confusion: Confusion::new(classes),
            auc: RocAuc::default(),
        }
    }

    fn metrics(&self) -> Values {
        let confusion = &self.confusion;
        let melanoma = confusion.classes().melanoma();
        let melanoma = melanoma.filter(|&class| confusion.support(class) > 0);
        [
            self.confusion.accuracy(),
            self.confusion.balanced_accuracy(),
            melanoma.map(|class| confusion.recall(class)),
            self.auc.value(),
        ]
    }
}

/// The defined metrics of a group, from all images, with their intervals, from the draws.
fn with_intervals(
    observed: InsideOutside,
    draws: &[InsideOutside],
) -> BTreeMap<String, SubgroupMetric> {
    let metrics = NAMES.iter().enumerate().filter_map(|(at, name)| {
        let [inside, outside] = observed.map(|values| values[at]);
        let value = inside?;
        let gap_in = |draw: &InsideOutside| Some(draw[0][at]? - draw[1][at]?);
        let metric = SubgroupMetric {
            value,
            interval: interval(draws.iter().filter_map(|draw| draw[0][at]).collect()),
            gap: outside.map(|outside| value - outside),
            gap_interval: outside.and_then(|_| interval(draws.iter().filter_map(gap_in).collect())),
        };
        Some(((*name).to_owned(), metric))
    });
    metrics.collect()
}

/// The ten-year age band of an age, such as `50–59`: from `0–19` to `80 and over`, or `unknown` if it is not a number.
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
