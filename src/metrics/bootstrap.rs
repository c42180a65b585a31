//! Bootstrap confidence intervals: the uncertainty of metrics that comes from the sample of test lesions.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::weighted::WeightedMetrics;
use crate::probabilities::Probabilities;
use crate::{Class, ClassList};

/// Number of bootstrap draws.
pub const DRAWS: usize = 2000;

/// The share of draws outside an interval on each side, for 95 % intervals.
const TAIL: f64 = 0.025;

/// `[low, high]` by the name of the metric.
pub type Intervals = BTreeMap<String, [f64; 2]>;

/// Images grouped by lesion or patient. Images of one are not independent, so the bootstrap draws them together.
pub struct Clusters {
    images_of: Vec<Vec<usize>>,
    images: usize,
}

impl Clusters {
    /// `lesions[i]` is the lesion of image `i`, or its patient.
    pub fn new(lesions: &[&str]) -> Self {
        let mut images_of = BTreeMap::<&str, Vec<usize>>::new();
        for (image, lesion) in lesions.iter().enumerate() {
            images_of.entry(lesion).or_default().push(image);
        }
        Self {
            images_of: images_of.into_values().collect(),
            images: lesions.len(),
        }
    }

    /// The weight of each image in a draw of as many lesions with replacement. The same seed and number give the same
    /// draw on any machine.
    pub fn draw(&self, seed: u64, number: usize) -> Vec<u32> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number as u64);
        let mut weights = vec![0; self.images];
        let lesions = self.images_of.len();
        for _ in 0..lesions {
            for &image in &self.images_of[random.random_range(0..lesions)] {
                weights[image] += 1;
            }
        }
        weights
    }
}

/// 95 % intervals of the metrics in [`super::Metrics::names`] and of the AUC and average precision of each class
/// (`per_class.CODE.auc`, …), by percentile bootstrap (Efron & Tibshirani 1993, chapter 13). Lesions are drawn with
/// replacement, all images of a lesion together. `lesions[i]` is the lesion of image `i`, or its patient
/// ([`super::Predictions::clusters`]).
///
/// The same seed gives the same intervals on any number of cores. A draw in which a metric is undefined is skipped for
/// that metric. A metric that is undefined on all images has no interval.
pub fn intervals(
    classes: ClassList,
    truths: &[Class],
    probabilities: &[Probabilities],
    lesions: &[&str],
    seed: u64,
) -> Intervals {
    if truths.is_empty() {
        return Intervals::new();
    }
    let metrics = WeightedMetrics::new(classes, truths, probabilities);
    let lesions = Clusters::new(lesions);
    let observed = metrics.score(&vec![1; truths.len()]);
    let draws: Vec<_> = (0..DRAWS)
        .into_par_iter()
        .map(|number| metrics.score(&lesions.draw(seed, number)))
        .collect();
    let names = metrics.names().into_iter().enumerate();
    names
        .filter(|&(at, _)| observed[at].is_some())
        .filter_map(|(at, name)| {
            let values = draws.iter().filter_map(|draw| draw[at]);
            Some((name, interval(values.collect())?))
        })
        .collect()
}

/// The 95 % percentile interval of a metric from its values in the draws; `None` without values.
pub fn interval(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.sort_unstable_by(f64::total_cmp);
    Some([quantile(&values, TAIL)?, quantile(&values, 1.0 - TAIL)?])
}

/// A quantile of sorted values with linear interpolation, as in NumPy's `quantile`; `None` without values.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let position = q * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (
        sorted[position.floor() as usize],
        sorted[position.ceil() as usize],
    );
    Some(below + (above - below) * position.fract())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham10000;

    /// 200 images with an accuracy of 0.75; the `per_lesion` images of a lesion have the same prediction.
    fn sample(per_lesion: usize) -> (Vec<Class>, Vec<Probabilities>, Vec<String>) {
        let mut all = (Vec::new(), Vec::new(), Vec::new());
        for image in 0..200 {
            let lesion = image / per_lesion;
            let truth = ham10000().get(lesion % 2 + 4).unwrap();
            let is_correct = !lesion.is_multiple_of(4);
            let mut row = Probabilities::zeros(ham10000());
            row[if is_correct { truth.index() } else { 0 }] = 1.0;
            all.0.push(truth);
            all.1.push(row);
            all.2.push(format!("lesion {lesion}"));
        }
        all
    }

    fn accuracy(per_lesion: usize, seed: u64) -> [f64; 2] {
        let (truths, probabilities, lesions) = sample(per_lesion);
        let lesions: Vec<&str> = lesions.iter().map(String::as_str).collect();
        intervals(ham10000(), &truths, &probabilities, &lesions, seed)["accuracy"]
    }

    #[test]
    fn the_interval_of_accuracy_has_the_width_of_the_binomial_distribution() {
        let [low, high] = accuracy(1, 1);
        // 0.75 ± 1.96 · √(0.75 · 0.25 / 200)
        assert!(
            (low - 0.690).abs() < 0.012 && (high - 0.810).abs() < 0.012,
            "{low} {high}"
        );
    }

    #[test]
    fn intervals_match_numpy_and_scikit_learn_within_sampling_error() {
        let text = include_str!("../../tests/reference/bootstrap.json");
        let reference: serde_json::Value = serde_json::from_str(text).unwrap();
        let case = crate::metrics::tests::cases().remove(0);
        let truths = crate::metrics::tests::diagnoses(&case.truths);
        let lesions: Vec<String> = (0..truths.len()).map(|image| image.to_string()).collect();
        let lesions: Vec<&str> = lesions.iter().map(String::as_str).collect();
        let found = intervals(ham10000(), &truths, &case.probabilities, &lesions, 1234);
        for (name, ends) in reference["intervals"].as_object().unwrap() {
            let width = ends[1].as_f64().unwrap() - ends[0].as_f64().unwrap();
            for side in 0..2 {
                let off = (found[name][side] - ends[side].as_f64().unwrap()).abs();
                // Ends from 2,000 and 4,000 draws vary by about 2 % of the width.
                assert!(
                    off < 0.08 * width,
                    "{name}: {:?} is not {ends}",
                    found[name]
                );
            }
        }
    }

    #[test]
    fn images_of_one_lesion_are_not_independent() {
        let width = |per_lesion| {
            let [low, high] = accuracy(per_lesion, 1);
            high - low
        };
        let ratio = width(4) / width(1);
        assert!((1.7..2.3).contains(&ratio), "{ratio}");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_no_images_give_none() {
        assert_eq!(accuracy(1, 7), accuracy(1, 7));
        assert_ne!(accuracy(1, 7), accuracy(1, 8));
        assert!(intervals(ham10000(), &[], &[], &[], 1).is_empty());
    }

    #[test]
    fn undefined_metrics_have_no_interval() {
        let (truths, probabilities, lesions) = sample(1);
        let lesions: Vec<&str> = lesions.iter().map(String::as_str).collect();
        let found = intervals(ham10000(), &truths, &probabilities, &lesions, 1);
        assert!(!found.contains_key("macro_auc") && found.contains_key("per_class.mel.auc"));
    }

    #[test]
    fn quantiles_match_numpy() {
        // numpy.quantile([1, 2, 3, 10], [0.025, 0.5, 0.975])
        let values = [1.0, 2.0, 3.0, 10.0];
        for (q, expected) in [(0.025, 1.075), (0.5, 2.5), (0.975, 9.475)] {
            assert!((quantile(&values, q).unwrap() - expected).abs() < 1e-12);
        }
    }
}
