//! Two networks on the same images: how far apart their figures are, and whether that could be chance.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::Predictions;
use super::bootstrap::{Clusters, DRAWS, interval};
use super::ranking::likeliest;
use super::weighted::WeightedMetrics;

/// What sets two networks apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Number of images.
    pub n: usize,
    /// The figures that both define, by name as in `metrics.json`.
    pub figures: BTreeMap<String, Difference>,
    /// Whether one is right where the other is wrong more often than the other way round.
    pub mcnemar: McNemar,
}

/// A figure of both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The first network's.
    pub a: f64,
    /// The second network's.
    pub b: f64,
    /// `b - a`.
    pub difference: f64,
    /// The difference's 95 % interval, by paired percentile bootstrap over lesions: both networks are scored on the
    /// same draws.
    pub interval: Option<[f64; 2]>,
}

impl Difference {
    /// Whether the interval leaves out zero.
    pub fn is_clear(&self) -> bool {
        self.interval
            .is_some_and(|[low, high]| low > 0.0 || high < 0.0)
    }
}

/// McNemar's test on whether the likeliest class is right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct McNemar {
    /// Images that only the first network gets right.
    pub only_a_right: usize,
    /// Images that only the second network gets right.
    pub only_b_right: usize,
    /// Two-sided p-value of the exact test: how likely so uneven a share would be if both were equally good.
    pub p_value: f64,
}

/// Compares predictions of the same images in the same order.
pub fn compare(a: &Predictions, b: &Predictions, seed: u64) -> Comparison {
    let scorers = [a, b].map(|p| WeightedMetrics::new(&p.truths, &p.probabilities));
    let lesions = Clusters::new(&a.lesions());
    let once = vec![1; a.truths.len()];
    let whole = [0, 1].map(|side| scorers[side].score(&once));
    let draws: Vec<_> = (0..DRAWS)
        .into_par_iter()
        .map(|number| {
            let times = lesions.draw(seed, number);
            [0, 1].map(|side| scorers[side].score(&times))
        })
        .collect();
    let named = WeightedMetrics::names().into_iter().enumerate();
    let figures = named.filter_map(|(at, name)| {
        let (a, b) = (whole[0][at]?, whole[1][at]?);
        let differences = draws.iter().filter_map(|[a, b]| Some(b[at]? - a[at]?));
        let difference = Difference {
            a,
            b,
            difference: b - a,
            interval: interval(differences.collect()),
        };
        Some((name, difference))
    });
    Comparison {
        n: a.truths.len(),
        figures: figures.collect(),
        mcnemar: mcnemar(a, b),
    }
}

fn mcnemar(a: &Predictions, b: &Predictions) -> McNemar {
    let right = |predictions: &Predictions, image: usize| {
        likeliest(&predictions.probabilities[image]) == predictions.truths[image]
    };
    let (mut only_a_right, mut only_b_right) = (0, 0);
    for image in 0..a.truths.len() {
        match (right(a, image), right(b, image)) {
            (true, false) => only_a_right += 1,
            (false, true) => only_b_right += 1,
            _ => {}
        }
    }
    McNemar {
        only_a_right,
        only_b_right,
        p_value: exact_p_value(only_a_right, only_b_right),
    }
}

/// Twice the probability that of `a + b` throws of a coin at most `min(a, b)` show heads, at most 1 (McNemar's exact
/// test; statsmodels' `mcnemar(exact=True)`).
pub fn exact_p_value(a: usize, b: usize) -> f64 {
    let throws = (a + b) as f64;
    let mut log_term = -throws * std::f64::consts::LN_2;
    let mut sum = log_term.exp();
    for heads in 1..=a.min(b) {
        log_term += ((throws - heads as f64 + 1.0) / heads as f64).ln();
        sum += log_term.exp();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::Diagnosis;

    #[derive(Deserialize)]
    struct Case {
        a: usize,
        b: usize,
        p_value: f64,
    }

    #[test]
    fn p_values_are_statsmodels() {
        let text = include_str!("../../tests/reference/mcnemar.json");
        let cases: Vec<Case> = serde_json::from_str(text).unwrap();
        assert!(cases.len() > 5);
        for Case { a, b, p_value } in cases {
            let found = exact_p_value(a, b);
            assert!(
                (found - p_value).abs() < 1e-9,
                "{a} {b}: {found} is not {p_value}"
            );
        }
    }

    /// 200 images of 100 lesions; every `wrong`th is answered wrongly.
    fn some(wrong: usize) -> Predictions {
        let mut predictions = Predictions::default();
        for image in 0..200_usize {
            let truth = Diagnosis::ALL[image % 7];
            let guess = if image.is_multiple_of(wrong) {
                (image + 1) % 7
            } else {
                image % 7
            };
            let mut row = [0.02; Diagnosis::COUNT];
            row[guess] = 0.88;
            predictions.image_ids.push(image.to_string());
            predictions.lesion_ids.push((image / 2).to_string());
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        predictions
    }

    #[test]
    fn a_network_does_not_differ_from_itself() {
        let same = compare(&some(5), &some(5), 1);
        assert_eq!(same.mcnemar.p_value, 1.0);
        for difference in same.figures.values() {
            assert_eq!(
                (difference.difference, difference.interval),
                (0.0, Some([0.0; 2]))
            );
            assert!(!difference.is_clear());
        }
    }

    #[test]
    fn the_better_network_is_clearly_so_and_the_sides_mirror_each_other() {
        let (worse, better) = (some(3), some(10));
        let found = compare(&worse, &better, 1);
        let accuracy = found.figures["accuracy"];
        assert!((accuracy.difference - (67.0 - 20.0) / 200.0).abs() < 1e-12);
        assert!(accuracy.is_clear() && found.mcnemar.p_value < 1e-6);
        let [low, high] = accuracy.interval.unwrap();
        assert!(low < accuracy.difference && accuracy.difference < high);
        let mirrored = compare(&better, &worse, 1);
        assert_eq!(
            mirrored.figures["accuracy"].difference,
            -accuracy.difference
        );
        assert_eq!(mirrored.mcnemar.only_a_right, found.mcnemar.only_b_right);
    }
}
