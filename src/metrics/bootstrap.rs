//! How far figures could be off because these lesions were tested and not others: intervals by bootstrap.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::weighted::WeightedMetrics;
use crate::Diagnosis;
use crate::probabilities::Probabilities;

/// Draws that intervals are taken from.
pub const DRAWS: usize = 2000;

/// Intervals that leave out so much on either side: 95 % lie within.
const TAIL: f64 = 0.025;

/// Lower and upper end by the figure's name.
pub type Intervals = BTreeMap<String, [f64; 2]>;

/// The images of each lesion, to be drawn together, since they are not independent.
pub struct Clusters {
    images_of: Vec<Vec<usize>>,
    images: usize,
}

impl Clusters {
    /// `lesions[i]` names the lesion of image `i`.
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

    /// How often each image is in a draw of as many lesions with replacement. The same seed and number give the same
    /// draw on any machine.
    pub fn draw(&self, seed: u64, number: usize) -> Vec<u32> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number as u64);
        let mut times = vec![0; self.images];
        let lesions = self.images_of.len();
        for _ in 0..lesions {
            for &image in &self.images_of[random.random_range(0..lesions)] {
                times[image] += 1;
            }
        }
        times
    }
}

/// 95 % intervals of the figures in [`super::Metrics::NAMES`] and of each class's AUC and average precision
/// (`per_class.CODE.auc`, …), by the percentile bootstrap (Efron & Tibshirani 1993, chapter 13): lesions are drawn with
/// replacement, all images of a lesion together. `lesions[i]` names the lesion of image `i`.
///
/// The same seed gives the same intervals on any number of cores. A draw in which a figure is undefined does not
/// count for it; a figure that is undefined on the whole has no interval.
pub fn intervals(
    truths: &[Diagnosis],
    probabilities: &[Probabilities],
    lesions: &[&str],
    seed: u64,
) -> Intervals {
    if truths.is_empty() {
        return Intervals::new();
    }
    let (scorer, lesions) = (
        WeightedMetrics::new(truths, probabilities),
        Clusters::new(lesions),
    );
    let whole = scorer.score(&vec![1; truths.len()]);
    let draws: Vec<_> = (0..DRAWS)
        .into_par_iter()
        .map(|number| scorer.score(&lesions.draw(seed, number)))
        .collect();
    let named = WeightedMetrics::names().into_iter().enumerate();
    named
        .filter(|&(at, _)| whole[at].is_some())
        .filter_map(|(at, name)| {
            let values = draws.iter().filter_map(|draw| draw[at]);
            Some((name, interval(values.collect())?))
        })
        .collect()
}

/// The 95 % interval of a figure from its values in the draws; `None` without values.
pub fn interval(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.sort_unstable_by(f64::total_cmp);
    Some([quantile(&values, TAIL)?, quantile(&values, 1.0 - TAIL)?])
}

/// A quantile of sorted values, interpolated linearly as NumPy's `quantile` does; `None` without values.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 200 images, 3 of 4 right, each lesion with `per_lesion` images of the same fate.
    fn some(per_lesion: usize) -> (Vec<Diagnosis>, Vec<Probabilities>, Vec<String>) {
        let mut all = (Vec::new(), Vec::new(), Vec::new());
        for image in 0..200 {
            let lesion = image / per_lesion;
            let truth = Diagnosis::ALL[lesion % 2 + 4];
            let right = !lesion.is_multiple_of(4);
            let mut row = [0.0; 7];
            row[if right { truth.index() } else { 0 }] = 1.0;
            all.0.push(truth);
            all.1.push(row);
            all.2.push(format!("lesion {lesion}"));
        }
        all
    }

    fn accuracy(per_lesion: usize, seed: u64) -> [f64; 2] {
        let (truths, probabilities, lesions) = some(per_lesion);
        let lesions: Vec<&str> = lesions.iter().map(String::as_str).collect();
        intervals(&truths, &probabilities, &lesions, seed)["accuracy"]
    }

    #[test]
    fn the_interval_of_a_share_is_as_wide_as_the_binomial_distribution_says() {
        let [low, high] = accuracy(1, 1);
        // 0.75 ± 1.96 · √(0.75 · 0.25 / 200)
        assert!(
            (low - 0.690).abs() < 0.012 && (high - 0.810).abs() < 0.012,
            "{low} {high}"
        );
    }

    #[test]
    fn intervals_are_those_of_numpy_and_scikit_learn_within_sampling_error() {
        let text = include_str!("../../tests/reference/bootstrap.json");
        let reference: serde_json::Value = serde_json::from_str(text).unwrap();
        let case = crate::metrics::tests::cases().remove(0);
        let truths = crate::metrics::tests::diagnoses(&case.truths);
        let lesions: Vec<String> = (0..truths.len()).map(|image| image.to_string()).collect();
        let lesions: Vec<&str> = lesions.iter().map(String::as_str).collect();
        let found = intervals(&truths, &case.probabilities, &lesions, 1234);
        for (name, ends) in reference["intervals"].as_object().unwrap() {
            let width = ends[1].as_f64().unwrap() - ends[0].as_f64().unwrap();
            for side in 0..2 {
                let off = (found[name][side] - ends[side].as_f64().unwrap()).abs();
                // Ends of 2,000 and 4,000 draws scatter by about a fiftieth of the width.
                assert!(
                    off < 0.08 * width,
                    "{name}: {:?} is not {ends}",
                    found[name]
                );
            }
        }
    }

    #[test]
    fn images_of_one_lesion_do_not_count_as_so_many_independent_ones() {
        let width = |per_lesion| {
            let [low, high] = accuracy(per_lesion, 1);
            high - low
        };
        let ratio = width(4) / width(1);
        assert!((1.7..2.3).contains(&ratio), "{ratio}");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_nothing_gives_none() {
        assert_eq!(accuracy(1, 7), accuracy(1, 7));
        assert_ne!(accuracy(1, 7), accuracy(1, 8));
        assert!(intervals(&[], &[], &[], 1).is_empty());
    }

    #[test]
    fn figures_that_the_images_cannot_define_have_no_interval() {
        let (truths, probabilities, lesions) = some(1);
        let lesions: Vec<&str> = lesions.iter().map(String::as_str).collect();
        let found = intervals(&truths, &probabilities, &lesions, 1);
        assert!(!found.contains_key("macro_auc") && found.contains_key("per_class.mel.auc"));
    }

    #[test]
    fn quantiles_are_numpys() {
        // numpy.quantile([1, 2, 3, 10], [0.025, 0.5, 0.975])
        let values = [1.0, 2.0, 3.0, 10.0];
        for (share, expected) in [(0.025, 1.075), (0.5, 2.5), (0.975, 9.475)] {
            assert!((quantile(&values, share).unwrap() - expected).abs() < 1e-12);
        }
    }
}
