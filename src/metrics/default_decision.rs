//! The choice of the default decision rule. A melanoma that is missed is the worst error, so a rule that finds fewer of
//! them is not the default, however it treats the other classes.

use std::collections::BTreeMap;

use super::Predictions;
use super::comparison::{self, Difference};
use super::decisions::{Balanced, DecisionRule, Decisions};
use crate::DEFAULT_SEED;

/// The rules of a network, and the reason for the default. `cross_fitted` are the predictions that τ was fitted on,
/// with classes named by a τ that was fitted on others of them: with the τ in `balanced`, the balanced rule would look
/// better than it is.
pub fn with_balanced(balanced: Balanced, cross_fitted: &Predictions) -> Decisions {
    let compared = likeliest_and_balanced(cross_fitted);
    let figures: Vec<String> = [
        ("balanced_accuracy", "balanced accuracy"),
        ("melanoma_recall", "melanoma recall"),
        ("accuracy", "accuracy"),
    ]
    .into_iter()
    .filter_map(|(name, words)| Some(in_words(words, compared.get(name)?)))
    .collect();
    Decisions {
        default: default_of(&compared),
        reason: format!(
            "on {} {}, balanced (τ of each half fitted on the other) against likeliest: {}",
            balanced.images,
            balanced.fitted_on.images(),
            figures.join("; ")
        ),
        balanced: Some(balanced),
        ..Decisions::likeliest(cross_fitted.classes)
    }
}

/// The better rule on predictions with classes named by a cross-fitted balanced rule: that one if its balanced accuracy
/// is higher by more than chance, so that the 95 % interval of the difference excludes zero, and its melanoma recall is
/// not lower by more than chance.
pub fn better(cross_fitted: &Predictions) -> DecisionRule {
    default_of(&likeliest_and_balanced(cross_fitted))
}

/// The differences from the likeliest class (`a`) to the balanced rule (`b`).
fn likeliest_and_balanced(predictions: &Predictions) -> BTreeMap<String, Difference> {
    let named = predictions.naming(predictions.balanced.iter().copied());
    comparison::differences(predictions, &named, DEFAULT_SEED)
}

fn default_of(compared: &BTreeMap<String, Difference>) -> DecisionRule {
    let clear = |name| compared.get(name).filter(|found| found.is_clear());
    let gains = clear("balanced_accuracy").is_some_and(|found| found.difference > 0.0);
    let misses_melanomas = clear("melanoma_recall").is_some_and(|found| found.difference < 0.0);
    match gains && !misses_melanomas {
        true => DecisionRule::Balanced,
        false => DecisionRule::Likeliest,
    }
}

fn in_words(metric: &str, difference: &Difference) -> String {
    let interval = (difference.interval).map_or_else(String::new, |[low, high]| {
        format!(" (95 % interval of the difference {low:+.3} to {high:+.3})")
    });
    format!(
        "{metric} {:.3} against {:.3}{interval}",
        difference.b, difference.a
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};
    use crate::dataset::part::Part;
    use crate::metrics::decisions::decide;
    use crate::probabilities::Probabilities;

    /// Sixty nevi that are certain, and melanomas with a probability of 0.4.
    fn predictions(melanomas: usize) -> Predictions {
        let mut predictions = Predictions::new(ham10000());
        for image in 0..60 + melanomas {
            let (truth, melanoma) = match image < 60 {
                true => (ham("nv"), 0.05),
                false => (ham("mel"), 0.4),
            };
            let mut row = Probabilities::zeros(ham10000());
            row[ham("mel").index()] = melanoma;
            row[ham("nv").index()] = 1.0 - melanoma;
            predictions.image_ids.push(image.to_string());
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        predictions
    }

    fn decisions(melanomas: usize) -> Decisions {
        let mut predictions = predictions(melanomas);
        let priors = [0.03, 0.05, 0.11, 0.01, 0.11, 0.67, 0.02];
        let balanced = Balanced::fit(&predictions, &priors, Part::Val);
        let rows = predictions.probabilities.iter();
        predictions.balanced = rows.map(|row| decide(row, &balanced.offsets)).collect();
        with_balanced(balanced, &predictions)
    }

    #[test]
    fn balanced_does_not_become_the_default_if_it_misses_more_melanomas() {
        let mut predictions = Predictions::new(ham10000());
        let names = [("nv", "nv"), ("mel", "bkl"), ("df", "df")];
        for image in 0..180 {
            let (truth, balanced) = names[image % 3];
            let likeliest = if truth == "df" { "nv" } else { truth };
            predictions.image_ids.push(image.to_string());
            predictions.truths.push(ham(truth));
            // Of the melanomas, balanced misses a third; it finds all dermatofibromas, and likeliest none.
            let missed = image % 9 == 1;
            predictions
                .balanced
                .push(ham(if missed { balanced } else { truth }));
            predictions
                .probabilities
                .push(Probabilities::one_hot(ham(likeliest)));
        }
        assert_eq!(better(&predictions), DecisionRule::Likeliest);
        predictions.balanced.clone_from(&predictions.truths);
        assert_eq!(better(&predictions), DecisionRule::Balanced);
    }

    #[test]
    fn balanced_becomes_the_default_only_if_it_is_clearly_better() {
        let found = decisions(30);
        assert_eq!(found.default, DecisionRule::Balanced);
        let reason = &found.reason;
        assert!(reason.contains("on 90 validation images"), "{reason}");
        assert!(reason.contains("balanced accuracy 1.000 against 0.500"));
        let found = decisions(0);
        assert_eq!(found.default, DecisionRule::Likeliest);
        assert_eq!(found.balanced.map(|balanced| balanced.tau), Some(0.0));
    }
}
