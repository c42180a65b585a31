//! Calibration metrics (ECE, Brier score) and temperature scaling.

use serde::{Deserialize, Serialize};

use crate::Class;
use crate::probabilities::Probabilities;

/// Bins of the reliability diagram and of both expected calibration errors.
pub const BINS: usize = 15;

/// Calibration of some predictions. Confidence is the probability of the predicted class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error (Guo et al. 2017): the mean gap between confidence and accuracy over [`BINS`] bins of
    /// equal width, weighted by images. A bin excludes its lower end and includes its upper end.
    pub ece_equal_width: f64,
    /// The same over bins of equal numbers of images (Nixon et al. 2019). The first bins have one image more if the
    /// number is not divisible.
    pub ece_equal_mass: f64,
    /// Brier score: squared differences between probabilities and one-hot truth, summed over the classes, averaged over
    /// the images; 0 to 2.
    pub brier: f64,
    /// The non-empty bins of equal width, by ascending confidence.
    pub bins: Vec<Bin>,
}

/// Images of similar confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Number of images.
    pub n: usize,
    /// Mean confidence.
    pub confidence: f64,
    /// Accuracy.
    pub accuracy: f64,
}

/// Computes calibration metrics; `None` without images.
pub fn calibration(truths: &[Class], probabilities: &[Probabilities]) -> Option<Calibration> {
    if truths.is_empty() {
        return None;
    }
    let mut outcomes: Vec<(f64, bool)> = (truths.iter().zip(probabilities))
        .map(|(&truth, row)| {
            let predicted = row.argmax();
            (row[predicted.index()], predicted == truth)
        })
        .collect();
    // Ties are sorted by outcome, so that the order of the images cannot change the result.
    outcomes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let bin_of = |confidence: f64| ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS);
    let bins: Vec<Bin> = (outcomes.chunk_by(|a, b| bin_of(a.0) == bin_of(b.0)))
        .filter_map(bin)
        .collect();
    Some(Calibration {
        ece_equal_width: expected_error(&bins, outcomes.len()),
        ece_equal_mass: expected_error(&equal_mass_bins(&outcomes), outcomes.len()),
        brier: brier(truths, probabilities),
        bins,
    })
}

/// Summarizes pairs of confidence and correctness.
fn bin(outcomes: &[(f64, bool)]) -> Option<Bin> {
    let n = outcomes.len();
    let correct = outcomes
        .iter()
        .filter(|(_, is_correct)| *is_correct)
        .count();
    let confidence: f64 = outcomes.iter().map(|(confidence, _)| confidence).sum();
    (n > 0).then(|| Bin {
        n,
        confidence: confidence / n as f64,
        accuracy: correct as f64 / n as f64,
    })
}

/// [`BINS`] bins whose sizes differ by at most one, the larger ones first.
fn equal_mass_bins(outcomes: &[(f64, bool)]) -> Vec<Bin> {
    let (size, larger) = (outcomes.len() / BINS, outcomes.len() % BINS);
    let mut rest = outcomes;
    let bins = (0..BINS).filter_map(|number| {
        let (own, others) = rest.split_at(size + usize::from(number < larger));
        rest = others;
        bin(own)
    });
    bins.collect()
}

/// Expected calibration error over bins.
fn expected_error(bins: &[Bin], images: usize) -> f64 {
    let gap = |bin: &Bin| bin.n as f64 / images as f64 * (bin.confidence - bin.accuracy).abs();
    bins.iter().map(gap).sum()
}

fn brier(truths: &[Class], probabilities: &[Probabilities]) -> f64 {
    let squares = truths.iter().zip(probabilities).map(|(truth, row)| {
        let difference = |class: Class| {
            let target = if class == *truth { 1.0 } else { 0.0 };
            (row[class.index()] - target).powi(2)
        };
        row.classes().iter().map(difference).sum::<f64>()
    });
    squares.sum::<f64>() / truths.len() as f64
}

/// Temperature scaling: the softmax of the logits divided by `temperature`. Above 1 lowers confidence, below 1 raises
/// it; the predicted class does not change.
pub fn at_temperature(row: &Probabilities, temperature: f64) -> Probabilities {
    let logits = logits(row);
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps = logits.map(|logit| ((logit - max) / temperature).exp());
    let sum: f64 = exps.iter().sum();
    exps.map(|exp| exp / sum)
}

/// Logits whose softmax gives these probabilities.
fn logits(row: &Probabilities) -> Probabilities {
    row.map(|probability| probability.max(f64::MIN_POSITIVE).ln())
}

/// The range of temperatures that is searched.
const LIMITS: [f64; 2] = [0.01, 100.0];

/// Fits the temperature T that minimizes the log loss (Guo et al. 2017). The images must not be training images.
///
/// The loss is convex in 1/T, so it has one minimum. `None` if that is not between 0.01 and 100: without images, if all
/// predictions are correct, or if they are no better than chance.
pub fn fit_temperature(truths: &[Class], probabilities: &[Probabilities]) -> Option<f64> {
    let all_logits: Vec<Probabilities> = probabilities.iter().map(logits).collect();
    // The derivative of the summed loss by 1/T: Σ (mean logit under the softmax − logit of the truth).
    let slope = |inverse: f64| -> f64 {
        let of_image = |(truth, logits): (&Class, &Probabilities)| {
            let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let exps = logits.map(|logit| ((logit - max) * inverse).exp());
            let sum: f64 = exps.iter().sum();
            let mean: f64 = exps
                .iter()
                .zip(logits.iter())
                .map(|(exp, logit)| exp / sum * logit)
                .sum();
            mean - logits[truth.index()]
        };
        truths.iter().zip(&all_logits).map(of_image).sum()
    };
    let [mut low, mut high] = [1.0 / LIMITS[1], 1.0 / LIMITS[0]];
    if !(slope(low) < 0.0 && slope(high) > 0.0) {
        return None;
    }
    // Bisection: it always converges, and 100 evaluations over a few thousand images take negligible time.
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if slope(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(2.0 / (low + high))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::classes::{ham, ham10000};
    use crate::metrics::ranking::log_loss;
    use crate::metrics::tests::{diagnoses, rows};

    #[derive(Deserialize)]
    struct Reference {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        truths: Vec<usize>,
        #[serde(deserialize_with = "rows")]
        probabilities: Vec<Probabilities>,
        before: Expected,
        temperature: f64,
        after: Expected,
    }

    #[derive(Deserialize)]
    struct Expected {
        log_loss: f64,
        ece_equal_width: f64,
        ece_equal_mass: f64,
        brier: f64,
    }

    fn assert_agree(truths: &[Class], rows: &[Probabilities], expected: &Expected, name: &str) {
        let found = calibration(truths, rows).unwrap();
        for (found, expected) in [
            (log_loss(truths, rows).unwrap(), expected.log_loss),
            (found.ece_equal_width, expected.ece_equal_width),
            (found.ece_equal_mass, expected.ece_equal_mass),
            (found.brier, expected.brier),
        ] {
            assert!(
                (found - expected).abs() < 1e-9,
                "{name}: {found} is not {expected}"
            );
        }
    }

    #[test]
    fn metrics_and_temperature_match_numpy_scikit_learn_and_scipy() {
        let text = include_str!("../../tests/reference/calibration.json");
        for case in serde_json::from_str::<Reference>(text).unwrap().cases {
            let truths = diagnoses(&case.truths);
            assert_agree(&truths, &case.probabilities, &case.before, &case.name);
            let temperature = fit_temperature(&truths, &case.probabilities).unwrap();
            assert!(
                (temperature / case.temperature - 1.0).abs() < 1e-6,
                "{}: {temperature} is not {}",
                case.name,
                case.temperature
            );
            let row = |row| at_temperature(row, case.temperature);
            let scaled: Vec<_> = case.probabilities.iter().map(row).collect();
            assert_agree(&truths, &scaled, &case.after, &case.name);
        }
    }

    #[test]
    fn no_temperature_is_fitted_without_a_minimum() {
        let mut row = Probabilities::new(ham10000(), [0.02; 7]);
        row[ham("nv").index()] = 0.88;
        let rows = &[row];
        assert_eq!(fit_temperature(&[], &[]), None);
        assert_eq!(fit_temperature(&[ham("nv")], rows), None, "always correct");
        assert_eq!(fit_temperature(&[ham("mel")], rows), None, "always wrong");
        assert!(calibration(&[], &[]).is_none());
    }

    proptest! {
        #[test]
        fn temperature_scaling_is_invertible_and_keeps_the_argmax(
            parts in prop::array::uniform7(0.01_f64..1.0), temperature in 0.2_f64..5.0
        ) {
            let sum: f64 = parts.iter().sum();
            let row = Probabilities::new(ham10000(), parts.map(|part| part / sum));
            let scaled = at_temperature(&row, temperature);
            prop_assert!((scaled.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert_eq!(scaled.argmax(), row.argmax());
            let back = at_temperature(&scaled, 1.0 / temperature);
            for (a, b) in back.iter().zip(row.iter()) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }
    }
}
