//! Whether probabilities can be taken at their word, and the one number that mends the commonest way in which they
//! cannot.

use serde::{Deserialize, Serialize};

use super::ranking::likeliest;
use crate::Diagnosis;
use crate::probabilities::Probabilities;

/// Bins of the reliability diagram and of both expected calibration errors.
pub const BINS: usize = 15;

/// How far confidence and accuracy are apart. Confidence is the likeliest class's probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error (Guo et al. 2017): the gap between mean confidence and accuracy in [`BINS`] bins of
    /// equal width (each without its lower and with its upper end), weighed by their images.
    pub ece_equal_width: f64,
    /// The same with bins of equally many images, or one more in the first ones (Nixon et al. 2019).
    pub ece_equal_mass: f64,
    /// Brier score: the squared differences between probabilities and truth, summed over the classes, 0 to 2.
    pub brier: f64,
    /// The bins of equal width that have images, least confident first.
    pub bins: Vec<Bin>,
}

/// Images of similar confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// How many.
    pub n: usize,
    /// Mean probability of the likeliest class.
    pub confidence: f64,
    /// Share answered rightly.
    pub accuracy: f64,
}

/// How well calibrated some predictions are; `None` without images.
pub fn calibration(truths: &[Diagnosis], probabilities: &[Probabilities]) -> Option<Calibration> {
    if truths.is_empty() {
        return None;
    }
    let mut answers: Vec<(f64, bool)> = (truths.iter().zip(probabilities))
        .map(|(&truth, row)| {
            let guess = likeliest(row);
            (row[guess.index()], guess == truth)
        })
        .collect();
    // By confidence, then by outcome, so that the order of the images changes nothing.
    answers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let place = |confidence: f64| ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS);
    let bins: Vec<Bin> = (answers.chunk_by(|a, b| place(a.0) == place(b.0)))
        .filter_map(bin)
        .collect();
    Some(Calibration {
        ece_equal_width: gap(&bins, answers.len()),
        ece_equal_mass: gap(&equal_masses(&answers), answers.len()),
        brier: brier(truths, probabilities),
        bins,
    })
}

fn bin(answers: &[(f64, bool)]) -> Option<Bin> {
    let n = answers.len();
    let right = answers.iter().filter(|(_, is_right)| *is_right).count();
    let confidence: f64 = answers.iter().map(|(confidence, _)| confidence).sum();
    (n > 0).then(|| Bin {
        n,
        confidence: confidence / n as f64,
        accuracy: right as f64 / n as f64,
    })
}

/// [`BINS`] bins whose sizes differ by one at most, the larger ones first.
fn equal_masses(answers: &[(f64, bool)]) -> Vec<Bin> {
    let (size, larger) = (answers.len() / BINS, answers.len() % BINS);
    let mut rest = answers;
    let bins = (0..BINS).filter_map(|number| {
        let (own, others) = rest.split_at(size + usize::from(number < larger));
        rest = others;
        bin(own)
    });
    bins.collect()
}

fn gap(bins: &[Bin], images: usize) -> f64 {
    let gap = |bin: &Bin| bin.n as f64 / images as f64 * (bin.confidence - bin.accuracy).abs();
    bins.iter().map(gap).sum()
}

fn brier(truths: &[Diagnosis], probabilities: &[Probabilities]) -> f64 {
    let squares = truths.iter().zip(probabilities).map(|(truth, row)| {
        let difference = |class: Diagnosis| {
            let wanted = if class == *truth { 1.0 } else { 0.0 };
            (row[class.index()] - wanted).powi(2)
        };
        Diagnosis::ALL.into_iter().map(difference).sum::<f64>()
    });
    squares.sum::<f64>() / truths.len() as f64
}

/// Probabilities at another temperature: the softmax of logits divided by it. Above 1 answers are less certain, below
/// 1 more; the likeliest class stays.
pub fn at_temperature(row: &Probabilities, temperature: f64) -> Probabilities {
    let logits = logits(row);
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers = logits.map(|logit| ((logit - most) / temperature).exp());
    let sum: f64 = powers.iter().sum();
    powers.map(|power| power / sum)
}

/// Logits that have these probabilities.
fn logits(row: &Probabilities) -> Probabilities {
    row.map(|probability| probability.max(f64::MIN_POSITIVE).ln())
}

/// Temperatures beyond which none is looked for.
const LIMITS: [f64; 2] = [0.01, 100.0];

/// The temperature at which the log loss is least (Guo et al. 2017), from images that the network has not learnt
/// from. The loss is convex in 1/T, so its slope is zero once. `None` if that is nowhere between 0.01 and 100: without
/// images, or when every answer is right or no better than chance.
pub fn fit_temperature(truths: &[Diagnosis], probabilities: &[Probabilities]) -> Option<f64> {
    let all: Vec<Probabilities> = probabilities.iter().map(logits).collect();
    // The slope of the summed loss by 1/T: the logits' mean under the answer, less the truth's.
    let slope = |inverse: f64| -> f64 {
        let of_image = |(truth, logits): (&Diagnosis, &Probabilities)| {
            let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers = logits.map(|logit| ((logit - most) * inverse).exp());
            let sum: f64 = powers.iter().sum();
            let mean: f64 = powers
                .iter()
                .zip(logits)
                .map(|(power, logit)| power / sum * logit)
                .sum();
            mean - logits[truth.index()]
        };
        truths.iter().zip(&all).map(of_image).sum()
    };
    let [mut low, mut high] = [1.0 / LIMITS[1], 1.0 / LIMITS[0]];
    if !(slope(low) < 0.0 && slope(high) > 0.0) {
        return None;
    }
    // Halving, not Newton: a hundred slopes of some thousand images cost nothing, and nothing can go astray.
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
    use crate::metrics::ranking::log_loss;

    #[derive(Deserialize)]
    struct Reference {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        truths: Vec<usize>,
        probabilities: Vec<Probabilities>,
        before: Figures,
        temperature: f64,
        after: Figures,
    }

    #[derive(Deserialize)]
    struct Figures {
        log_loss: f64,
        ece_equal_width: f64,
        ece_equal_mass: f64,
        brier: f64,
    }

    fn assert_agree(truths: &[Diagnosis], rows: &[Probabilities], expected: &Figures, name: &str) {
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
    fn figures_and_the_best_temperature_agree_with_numpy_scikit_learn_and_scipy() {
        let text = include_str!("../../tests/reference/calibration.json");
        for case in serde_json::from_str::<Reference>(text).unwrap().cases {
            let truths: Vec<_> = case
                .truths
                .iter()
                .map(|&index| Diagnosis::ALL[index])
                .collect();
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
    fn where_no_temperature_is_best_none_is_found() {
        let mut row = [0.02; Diagnosis::COUNT];
        row[Diagnosis::Nv.index()] = 0.88;
        assert_eq!(fit_temperature(&[], &[]), None);
        assert_eq!(
            fit_temperature(&[Diagnosis::Nv], &[row]),
            None,
            "always right"
        );
        assert_eq!(
            fit_temperature(&[Diagnosis::Mel], &[row]),
            None,
            "always wrong"
        );
        assert!(calibration(&[], &[]).is_none());
    }

    proptest! {
        #[test]
        fn temperatures_undo_each_other_and_keep_the_order(
            parts in prop::array::uniform7(0.01_f64..1.0), temperature in 0.2_f64..5.0
        ) {
            let sum: f64 = parts.iter().sum();
            let row = parts.map(|part| part / sum);
            let scaled = at_temperature(&row, temperature);
            prop_assert!((scaled.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert_eq!(likeliest(&scaled), likeliest(&row));
            let back = at_temperature(&scaled, 1.0 / temperature);
            for (a, b) in back.iter().zip(&row) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }
    }
}
