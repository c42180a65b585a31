//! Class weights of the loss.

use super::config::{ClassWeights, TrainingConfig, WeightRule};
use crate::Diagnosis;

/// β of the effective number of samples (1 − βⁿ) / (1 − β) (Cui et al. 2019).
const EFFECTIVE_BETA: f64 = 0.999;

/// The weights of the seven classes, in class order: `class_weights` times `class_factors`.
///
/// `counts` is the number of training images per class. Weights from a rule or a power are scaled to a mean of 1 over
/// the training images, so that the learning rate does not depend on the rule; classes without images have weight 0.
/// Weights from a table are not scaled.
pub fn resolve(config: &TrainingConfig, counts: &[usize; Diagnosis::COUNT]) -> [f64; 7] {
    let factor = |d: Diagnosis| config.class_factors.get(&d).copied().unwrap_or(1.0);
    let weights = Diagnosis::ALL.map(|d| factor(d) * unscaled(&config.class_weights, d, counts));
    if matches!(config.class_weights, ClassWeights::Table(_)) {
        return weights;
    }
    let images: usize = counts.iter().sum();
    let total: f64 = weights.iter().zip(counts).map(|(w, &n)| w * n as f64).sum();
    if total == 0.0 {
        return weights;
    }
    weights.map(|weight| weight * images as f64 / total)
}

fn unscaled(weights: &ClassWeights, class: Diagnosis, counts: &[usize; Diagnosis::COUNT]) -> f64 {
    let n = counts[class.index()] as f64;
    match weights {
        ClassWeights::Table(table) => table.get(&class).copied().unwrap_or(1.0),
        _ if n == 0.0 => 0.0,
        ClassWeights::Rule(WeightRule::None) => 1.0,
        ClassWeights::Rule(WeightRule::Balanced) => 1.0 / n,
        ClassWeights::Rule(WeightRule::Sqrt) => 1.0 / n.sqrt(),
        ClassWeights::Rule(WeightRule::Effective) => {
            (1.0 - EFFECTIVE_BETA) / (1.0 - EFFECTIVE_BETA.powf(n))
        }
        ClassWeights::Power(power) => n.powf(-power),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Phase;
    use crate::training::config::resolve;

    const COUNTS: [usize; 7] = [10, 20, 0, 40, 5, 100, 25];

    fn weights(changes: &[&str], counts: &[usize; 7]) -> [f64; 7] {
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        let config = resolve::resolve(Phase::Transfer, None, &changes).unwrap();
        resolve(&config, counts)
    }

    #[test]
    fn balanced_weights_equal_scikit_learns_if_every_class_has_images() {
        let counts = [10, 20, 30, 40, 50, 30, 20];
        let weights = weights(&["class_weights=balanced"], &counts);
        // n_samples / (n_classes * bincount)
        for (weight, count) in weights.iter().zip(counts) {
            assert!((weight - 200.0 / (7.0 * count as f64)).abs() < 1e-12);
        }
    }

    #[test]
    fn rules_have_a_mean_weight_of_one_over_images_and_zero_for_absent_classes() {
        for rule in ["none", "balanced", "sqrt", "effective", "0.7"] {
            for factors in ["class_factors={}", "class_factors={ mel = 2, bkl = 3 }"] {
                let weights = weights(&[&format!("class_weights={rule}"), factors], &COUNTS);
                let total: f64 = weights.iter().zip(COUNTS).map(|(w, n)| w * n as f64).sum();
                assert!((total / 200.0 - 1.0).abs() < 1e-12, "{rule}");
                assert_eq!(weights[2], 0.0);
            }
        }
    }

    #[test]
    fn powers_0_half_and_1_equal_none_sqrt_and_balanced() {
        for (power, rule) in [("0.0", "none"), ("0.5", "sqrt"), ("1.0", "balanced")] {
            let by_power = weights(&[&format!("class_weights={power}")], &COUNTS);
            let by_rule = weights(&[&format!("class_weights={rule}")], &COUNTS);
            for (one, other) in by_power.iter().zip(by_rule) {
                assert!((one - other).abs() < 1e-12, "{power}");
            }
        }
    }

    #[test]
    fn a_table_is_not_scaled_and_unlisted_classes_have_weight_one() {
        assert_eq!(
            weights(&["class_weights={ vasc = 4 }"], &COUNTS),
            [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4.0]
        );
    }

    #[test]
    fn a_factor_multiplies_the_weight_of_its_class_relative_to_the_others() {
        let plain = weights(&["class_weights=sqrt"], &COUNTS);
        let raised = weights(
            &["class_weights=sqrt", "class_factors={ mel = 2 }"],
            &COUNTS,
        );
        let melanoma_to_naevus = |weights: [f64; 7]| weights[4] / weights[5];
        assert!((melanoma_to_naevus(raised) / melanoma_to_naevus(plain) - 2.0).abs() < 1e-12);
    }
}
