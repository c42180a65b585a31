//! How much each class weighs in the loss.

use super::config::{ClassWeights, WeightRule};
use crate::Diagnosis;

/// β of the effective number of samples, (1 − βⁿ) / (1 − β) (Cui et al. 2019).
const EFFECTIVE_BETA: f64 = 0.999;

/// The seven weights for a training part with these images per class, in class order. Those of a rule
/// are scaled so that their mean over the training images is 1, which keeps the learning rate's meaning;
/// classes without images weigh 0. Those of a table are taken as they are.
pub fn resolve(weights: &ClassWeights, counts: &[usize; Diagnosis::COUNT]) -> [f64; 7] {
    if let ClassWeights::Table(table) = weights {
        return Diagnosis::ALL.map(|d| table.get(&d).copied().unwrap_or(1.0));
    }
    let raw = counts.map(|count| {
        let n = count as f64;
        match weights {
            _ if count == 0 => 0.0,
            ClassWeights::Rule(WeightRule::Balanced) => 1.0 / n,
            ClassWeights::Rule(WeightRule::Sqrt) => 1.0 / n.sqrt(),
            ClassWeights::Rule(WeightRule::Effective) => {
                (1.0 - EFFECTIVE_BETA) / (1.0 - EFFECTIVE_BETA.powf(n))
            }
            ClassWeights::Power(power) => n.powf(-power),
            ClassWeights::Rule(WeightRule::None) | ClassWeights::Table(_) => 1.0,
        }
    });
    let images: usize = counts.iter().sum();
    let total: f64 = raw.iter().zip(counts).map(|(w, &n)| w * n as f64).sum();
    if total == 0.0 {
        return raw;
    }
    raw.map(|weight| weight * images as f64 / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: [usize; 7] = [10, 20, 0, 40, 5, 100, 25];

    #[test]
    fn balanced_weights_are_scikit_learns_when_all_classes_are_there() {
        let counts = [10, 20, 30, 40, 50, 30, 20];
        let weights = resolve(&ClassWeights::Rule(WeightRule::Balanced), &counts);
        // n_samples / (n_classes * bincount)
        for (weight, count) in weights.iter().zip(counts) {
            assert!((weight - 200.0 / (7.0 * count as f64)).abs() < 1e-12);
        }
    }

    #[test]
    fn every_rule_keeps_the_mean_over_images_at_one_and_gives_absent_classes_nothing() {
        for rule in [
            WeightRule::None,
            WeightRule::Balanced,
            WeightRule::Sqrt,
            WeightRule::Effective,
        ] {
            let weights = resolve(&ClassWeights::Rule(rule), &COUNTS);
            let total: f64 = weights.iter().zip(COUNTS).map(|(w, n)| w * n as f64).sum();
            assert!((total / 200.0 - 1.0).abs() < 1e-12, "{rule:?}");
            assert_eq!(weights[2], 0.0);
        }
    }

    #[test]
    fn a_power_lies_between_the_rules() {
        for (power, rule) in [
            (0.0, WeightRule::None),
            (0.5, WeightRule::Sqrt),
            (1.0, WeightRule::Balanced),
        ] {
            let by_power = resolve(&ClassWeights::Power(power), &COUNTS);
            let by_rule = resolve(&ClassWeights::Rule(rule), &COUNTS);
            for (one, other) in by_power.iter().zip(by_rule) {
                assert!((one - other).abs() < 1e-12, "{power}");
            }
        }
    }

    #[test]
    fn a_table_weighs_what_it_says_and_all_else_one() {
        let table = [(Diagnosis::Vasc, 4.0)].into();
        assert_eq!(
            resolve(&ClassWeights::Table(table), &COUNTS),
            [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4.0]
        );
    }
}
