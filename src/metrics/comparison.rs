//! Comparison of two models on the same images: differences of metrics with intervals, and McNemar's test.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;

use super::bootstrap::{Clusters, DRAWS, interval};
use super::weighted::WeightedMetrics;
use super::{Predictions, decision_metrics};

/// The differences between two models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Number of images.
    pub n: usize,
    /// Number of lesions or patients that the intervals draw ([`Predictions::clusters`]).
    pub clusters: usize,
    /// The metrics that are defined for both, by name as in `metrics.json`.
    pub figures: BTreeMap<String, Difference>,
    /// The metrics of the classes that the balanced rule names, if both have them: those of
    /// [`super::decision_metrics::NAMES`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub balanced: BTreeMap<String, Difference>,
    /// McNemar's test on the predicted classes.
    pub mcnemar: McNemar,
}

/// A metric of both models.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Value of the first model.
    pub a: f64,
    /// Value of the second model.
    pub b: f64,
    /// `b - a`.
    pub difference: f64,
    /// The 95 % interval of the difference, by paired percentile bootstrap over lesions or patients
    /// ([`Predictions::clusters`]): both models are scored on the same draws.
    pub interval: Option<[f64; 2]>,
}

impl Difference {
    /// Whether the interval excludes zero.
    pub fn is_clear(&self) -> bool {
        self.interval
            .is_some_and(|[low, high]| low > 0.0 || high < 0.0)
    }
}

/// McNemar's test on whether the predicted class is correct. It takes images as independent, so its p-value is too small
/// where several are of one lesion or patient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct McNemar {
    /// Images that only the first model classifies correctly.
    pub only_a_right: usize,
    /// Images that only the second model classifies correctly.
    pub only_b_right: usize,
    /// Two-sided p-value of the exact test: the probability of a split at least as uneven if both models were equally
    /// good.
    pub p_value: f64,
}

/// Compares predictions of the same images in the same order.
pub fn compare(a: &Predictions, b: &Predictions, seed: u64) -> Comparison {
    let mut balanced = BTreeMap::new();
    if a.has_balanced() && b.has_balanced() {
        let [a, b] = [a, b].map(|of| of.naming(of.balanced.iter().copied()));
        balanced = differences(&a, &b, seed);
        balanced.retain(|name, _| decision_metrics::NAMES.contains(&name.as_str()));
    }
    Comparison {
        n: a.truths.len(),
        clusters: a.clusters().into_iter().collect::<BTreeSet<_>>().len(),
        figures: differences(a, b, seed),
        balanced,
        mcnemar: mcnemar(a, b),
    }
}

/// The differences of all metrics that are defined for both, by name.
pub(super) fn differences(
    a: &Predictions,
    b: &Predictions,
    seed: u64,
) -> BTreeMap<String, Difference> {
    let metrics = [a, b].map(|p| WeightedMetrics::new(p.classes, &p.truths, &p.probabilities));
    let lesions = Clusters::new(&a.clusters());
    let unit_weights = vec![1; a.truths.len()];
    let observed = [0, 1].map(|side| metrics[side].score(&unit_weights));
    let draws: Vec<_> = (0..DRAWS)
        .into_par_iter()
        .map(|number| {
            let weights = lesions.draw(seed, number);
            [0, 1].map(|side| metrics[side].score(&weights))
        })
        .collect();
    let names = metrics[0].names().into_iter().enumerate();
    let figures = names.filter_map(|(at, name)| {
        let (a, b) = (observed[0][at]?, observed[1][at]?);
        let differences = draws.iter().filter_map(|[a, b]| Some(b[at]? - a[at]?));
        let difference = Difference {
            a,
            b,
            difference: b - a,
            interval: interval(differences.collect()),
        };
        Some((name, difference))
    });
    figures.collect()
}

fn mcnemar(a: &Predictions, b: &Predictions) -> McNemar {
    let is_correct = |predictions: &Predictions, image: usize| {
        predictions.probabilities[image].argmax() == predictions.truths[image]
    };
    let (mut only_a_right, mut only_b_right) = (0, 0);
    for image in 0..a.truths.len() {
        match (is_correct(a, image), is_correct(b, image)) {
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

/// The p-value of McNemar's exact test (statsmodels' `mcnemar(exact=True)`): min(1, 2 · P(X ≤ min(a, b))) with
/// X ~ Binomial(a + b, ½).
pub fn exact_p_value(a: usize, b: usize) -> f64 {
    let n = (a + b) as f64;
    let mut log_term = -n * std::f64::consts::LN_2;
    let mut sum = log_term.exp();
    for k in 1..=a.min(b) {
        log_term += ((n - k as f64 + 1.0) / k as f64).ln();
        sum += log_term.exp();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::classes::ham10000;
    use crate::probabilities::Probabilities;

    #[derive(Deserialize)]
    struct Case {
        a: usize,
        b: usize,
        p_value: f64,
    }

    #[test]
    fn p_values_match_statsmodels() {
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

    /// 200 images of 100 lesions; every `step`th is classified incorrectly.
    fn with_errors(step: usize) -> Predictions {
        let mut predictions = Predictions::new(ham10000());
        for image in 0..200_usize {
            let truth = ham10000().get(image % 7).unwrap();
            let predicted = if image.is_multiple_of(step) {
                (image + 1) % 7
            } else {
                image % 7
            };
            let mut row = Probabilities::new(ham10000(), [0.02; 7]);
            row[predicted] = 0.88;
            predictions.image_ids.push(image.to_string());
            predictions.lesion_ids.push((image / 2).to_string());
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        predictions
    }

    #[test]
    fn a_model_does_not_differ_from_itself() {
        let same = compare(&with_errors(5), &with_errors(5), 1);
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
    fn a_better_model_is_clearly_better_and_swapping_sides_changes_signs() {
        let (worse, better) = (with_errors(3), with_errors(10));
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
