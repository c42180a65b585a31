//! Class weights of the loss.

use super::config::{ClassWeights, TrainingConfig, WeightRule};
use crate::{Class, ClassList, Error, Result};

/// The key of `class_factors` for the watched classes that it does not name.
const WATCHED: &str = "watched";

/// β of the effective number of samples (1 − βⁿ) / (1 − β) (Cui et al. 2019).
const EFFECTIVE_BETA: f64 = 0.999;

/// The weights of the classes in an epoch (from 1), in class order. From `reweighting_end` on they are those of
/// [`resolve`]; before, those weights are raised to the power [`strength`] and scaled in the same way.
pub fn in_epoch(
    config: &TrainingConfig,
    classes: ClassList,
    counts: &[f64],
    epoch: usize,
) -> Vec<f64> {
    let (weights, strength) = (resolve(config, classes, counts), strength(config, epoch));
    if strength == 1.0 {
        return weights;
    }
    // A class without images keeps its weight of 0, which the power 0 would raise to 1.
    let raised = weights.into_iter().map(|weight: f64| match weight {
        0.0 => 0.0,
        weight => weight.powf(strength),
    });
    scaled(config, raised.collect(), counts)
}

/// The power of the class weights in an epoch (from 1): 0 (equal weights) until `reweighting_start`, then rising
/// quadratically to 1 at `reweighting_end`. If both are equal, this is deferred re-weighting (Cao et al. 2019). The
/// first epoch is at time 0 and the last at time 1, so that the last always has the final weights.
fn strength(config: &TrainingConfig, epoch: usize) -> f64 {
    let (start, end) = (config.reweighting_start, config.reweighting_end);
    let time = match config.epochs {
        0 | 1 => 1.0,
        epochs => (epoch - 1) as f64 / (epochs - 1) as f64,
    };
    if time >= end {
        1.0
    } else if time <= start {
        0.0
    } else {
        ((time - start) / (end - start)).powi(2)
    }
}

/// The final weights of the classes, in class order: `class_weights` times `class_factors`.
///
/// `counts` is the number of training images per class. Weights from a rule or a power are scaled to a mean of 1 over
/// these images, to be read more easily: the loss divides by the sum of a batch's weights, so that their scale does not
/// matter. Classes without images have weight 0. Weights from a table are not scaled.
pub fn resolve(config: &TrainingConfig, classes: ClassList, counts: &[f64]) -> Vec<f64> {
    let factor = |class: Class| {
        let factors = &config.class_factors;
        let watched = || factors.get(WATCHED).filter(|_| class.is_watched());
        factors
            .get(class.code())
            .or_else(watched)
            .copied()
            .unwrap_or(1.0)
    };
    let weights = classes.map(|d| factor(d) * unscaled(&config.class_weights, d, counts));
    scaled(config, weights, counts)
}

/// Refuses `class_weights` and `class_factors` of classes that the list does not have.
pub fn refuse_unknown(config: &TrainingConfig, classes: ClassList) -> Result<()> {
    let table = match &config.class_weights {
        ClassWeights::Table(table) => Some(table),
        _ => None,
    };
    let keys = [
        ("class_weights", table),
        ("class_factors", Some(&config.class_factors)),
    ];
    for (key, table) in keys {
        let codes = table.into_iter().flat_map(|table| table.keys());
        let known = |code: &&String| {
            let code = code.as_str();
            (key == "class_factors" && code == WATCHED)
                || classes.iter().any(|class| class.code() == code)
        };
        if let Some(code) = codes.into_iter().find(|code| !known(code)) {
            return Err(Error::input(
                key,
                format!("'{code}' is not one of {}", classes.codes()),
                "Name classes of the dataset, or in class_factors watched for those that must not be missed.",
            ));
        }
    }
    Ok(())
}

/// Weights scaled to a mean of 1 over the training images, except those from a table.
fn scaled(config: &TrainingConfig, mut weights: Vec<f64>, counts: &[f64]) -> Vec<f64> {
    let images: f64 = counts.iter().sum();
    let total: f64 = weights.iter().zip(counts).map(|(w, n)| w * n).sum();
    if matches!(config.class_weights, ClassWeights::Table(_)) || total == 0.0 {
        return weights;
    }
    for weight in &mut weights {
        *weight = *weight * images / total;
    }
    weights
}

fn unscaled(weights: &ClassWeights, class: Class, counts: &[f64]) -> f64 {
    let n = counts[class.index()];
    match weights {
        ClassWeights::Table(table) => table.get(class.code()).copied().unwrap_or(1.0),
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
    use crate::classes::{ham, ham10000};
    use crate::training::Phase;
    use crate::training::config::resolve;

    const COUNTS: [f64; 7] = [10.0, 20.0, 0.0, 40.0, 5.0, 100.0, 25.0];

    fn config(changes: &[&str]) -> TrainingConfig {
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        resolve::resolve(Phase::Finetune, None, &changes).unwrap()
    }

    /// Final weights, without factors unless `changes` sets some.
    fn weights(changes: &[&str], counts: &[f64; 7]) -> Vec<f64> {
        let config = config(&[&["class_factors={}"], changes].concat());
        resolve(&config, ham10000(), counts)
    }

    #[test]
    fn balanced_weights_equal_scikit_learns_if_every_class_has_images() {
        let counts = [10.0, 20.0, 30.0, 40.0, 50.0, 30.0, 20.0];
        let weights = weights(&["class_weights=balanced"], &counts);
        // n_samples / (n_classes * bincount)
        for (weight, count) in weights.iter().zip(counts) {
            assert!((weight - 200.0 / (7.0 * count)).abs() < 1e-12);
        }
    }

    #[test]
    fn rules_have_a_mean_weight_of_one_over_images_and_zero_for_absent_classes() {
        for rule in ["none", "balanced", "sqrt", "effective", "0.7"] {
            for factors in ["class_factors={}", "class_factors={ mel = 2, bkl = 3 }"] {
                let weights = weights(&[&format!("class_weights={rule}"), factors], &COUNTS);
                let total: f64 = weights.iter().zip(COUNTS).map(|(w, n)| w * n).sum();
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
        let melanoma_to_naevus = |weights: &[f64]| weights[4] / weights[5];
        assert!((melanoma_to_naevus(&raised) / melanoma_to_naevus(&plain) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn deferred_weights_are_equal_first_and_rise_with_the_square_of_time() {
        let late = [
            "epochs=11",
            "class_weights=0.8",
            "reweighting_start=0.5",
            "reweighting_end=0.9",
        ];
        let config = config(&late);
        let full = resolve(&config, ham10000(), &COUNTS);
        for epoch in 1..=5 {
            let equal = [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0];
            assert_eq!(in_epoch(&config, ham10000(), &COUNTS, epoch), equal);
        }
        // Epoch 8 is at 0.7 of the run, half way from 0.5 to 0.9.
        let (ratio, power) = (|w: &[f64]| w[4] / w[5], 0.25);
        let weights = in_epoch(&config, ham10000(), &COUNTS, 8);
        assert!((ratio(&weights) - ratio(&full).powf(power)).abs() < 1e-12);
        let total: f64 = weights.iter().zip(COUNTS).map(|(w, n)| w * n).sum();
        assert!((total / 200.0 - 1.0).abs() < 1e-12);
        assert_ne!(in_epoch(&config, ham10000(), &COUNTS, 9), full);
        assert_eq!(in_epoch(&config, ham10000(), &COUNTS, 10), full);
    }

    #[test]
    fn equal_start_and_end_switch_the_weights_on_between_two_epochs() {
        let switch = [
            "epochs=4",
            "class_weights={ df = 4 }",
            "class_factors={}",
            "reweighting_start=0.5",
            "reweighting_end=0.5",
        ];
        let of = |epoch| in_epoch(&config(&switch), ham10000(), &COUNTS, epoch)[ham("df").index()];
        assert_eq!([1, 2, 3, 4].map(of), [1.0, 1.0, 4.0, 4.0]);
    }

    #[test]
    fn without_deferral_the_weights_are_in_full_force_in_every_epoch() {
        let config = config(&[]);
        for epoch in 1..=config.epochs {
            assert_eq!(
                in_epoch(&config, ham10000(), &COUNTS, epoch),
                resolve(&config, ham10000(), &COUNTS)
            );
        }
    }
}
