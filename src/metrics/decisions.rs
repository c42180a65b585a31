//! The decision: which class is named, given the probabilities.
//!
//! Two rules are known. `likeliest` names the class with the largest probability. `balanced` names the class with the
//! largest ln p_k − τ ln π_k, where π_k is the prior of class k in training (logit adjustment after training: Menon et
//! al. 2021, “Long-tail learning via logit adjustment”). With calibrated probabilities and τ = 1 it maximizes the
//! expected balanced accuracy. Only τ is fitted: a threshold for each class would overfit the few images of rare
//! classes.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::{Confusion, Predictions};
use crate::dataset::part::Part;
use crate::probabilities::Probabilities;
use crate::{Class, ClassList};

/// One value for each class, in class order.
pub type Offsets = Vec<f64>;

/// A rule that names one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum DecisionRule {
    /// The class with the largest probability.
    #[default]
    Likeliest,
    /// The largest after logit adjustment: classes that are rare, or have a small weight in the loss, are named earlier.
    Balanced,
}

/// The decision rules of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    /// The rule to use unless a user chooses another.
    pub default: DecisionRule,
    /// Why it is the default.
    pub reason: String,
    /// The class with the largest probability.
    pub likeliest: Likeliest,
    /// Logit adjustment, if `skinlesion calibrate` has fitted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced: Option<Balanced>,
}

/// The rule [`DecisionRule::Likeliest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Likeliest {
    /// Added to ln p: zeros.
    pub offsets: Offsets,
}

/// The rule [`DecisionRule::Balanced`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balanced {
    /// The exponent τ of the priors, 0 to 1.5; 0 equals the likeliest class.
    pub tau: f64,
    /// Added to ln p: −τ ln π.
    pub offsets: Offsets,
    /// The images that τ was fitted on.
    pub fitted_on: Part,
    /// Their number.
    pub images: usize,
}

/// For files without decisions: the likeliest class. No offsets count as zeros.
impl Default for Decisions {
    fn default() -> Self {
        Self {
            default: DecisionRule::Likeliest,
            reason: "no other rule was fitted (skinlesion calibrate)".to_owned(),
            likeliest: Likeliest {
                offsets: Vec::new(),
            },
            balanced: None,
        }
    }
}

impl Decisions {
    /// The likeliest class alone.
    pub fn likeliest(classes: ClassList) -> Self {
        Self {
            likeliest: Likeliest {
                offsets: vec![0.0; classes.len()],
            },
            ..Self::default()
        }
    }

    /// Whether each rule has an offset for each class.
    pub fn fit(&self, classes: ClassList) -> bool {
        let balanced = self.balanced.iter().map(|balanced| &balanced.offsets);
        let mut all = balanced.chain([&self.likeliest.offsets]);
        all.all(|offsets| offsets.len() == classes.len())
    }

    /// Gives the decisions of a file that has none the zeros of the likeliest class.
    pub fn complete(&mut self, classes: ClassList) {
        if self.likeliest.offsets.is_empty() {
            self.likeliest.offsets = vec![0.0; classes.len()];
        }
    }

    /// The offsets of a rule; `None` if it was not fitted.
    pub fn offsets(&self, rule: DecisionRule) -> Option<&Offsets> {
        match rule {
            DecisionRule::Likeliest => Some(&self.likeliest.offsets),
            DecisionRule::Balanced => self.balanced.as_ref().map(|balanced| &balanced.offsets),
        }
    }
}

impl Balanced {
    /// Fits τ on `predictions`, which must not be of training images. `priors` are the classes' priors in training
    /// (any scale; 0 for a class without images).
    pub fn fit(predictions: &Predictions, priors: &[f64], fitted_on: Part) -> Self {
        let tau = fit_tau(predictions, priors);
        Self {
            tau,
            offsets: offsets(tau, priors),
            fitted_on,
            images: predictions.truths.len(),
        }
    }
}

/// The class that the rule with these offsets names: the largest ln p + offset. Ties go to the first class.
pub fn decide(row: &Probabilities, offsets: &[f64]) -> Class {
    adjusted(row, offsets).argmax()
}

/// Probabilities in proportion to p · exp(offset), whose argmax is the decision. Zero offsets return `row` itself.
pub fn adjusted(row: &Probabilities, offsets: &[f64]) -> Probabilities {
    if offsets.iter().all(|&offset| offset == 0.0) {
        return row.clone();
    }
    let max = offsets.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scaled = (row.iter().zip(offsets)).map(|(p, offset)| p * (offset - max).exp());
    let scaled = Probabilities::new(row.classes(), scaled);
    let sum: f64 = scaled.iter().sum();
    if sum > 0.0 {
        scaled.map(|value| value / sum)
    } else {
        row.clone()
    }
}

/// The offsets −τ ln π, where `priors` are in proportion to π. A class without prior gets 0, the least of all.
pub fn offsets(tau: f64, priors: &[f64]) -> Offsets {
    let total: f64 = priors.iter().sum();
    let offset = |&prior: &f64| match prior > 0.0 {
        true => -tau * (prior / total).ln(),
        false => 0.0,
    };
    priors.iter().map(offset).collect()
}

/// The τ from 0, 0.05, … 1.5 with the highest balanced accuracy; the smallest of equals.
pub fn fit_tau(predictions: &Predictions, priors: &[f64]) -> f64 {
    let balanced_accuracy = |tau: f64| {
        let offsets = offsets(tau, priors);
        let decisions = predictions
            .probabilities
            .iter()
            .map(|row| decide(row, &offsets));
        let pairs = predictions.truths.iter().copied().zip(decisions);
        Confusion::count(predictions.classes, pairs)
            .balanced_accuracy()
            .unwrap_or(0.0)
    };
    let (mut best, mut best_value) = (0.0, f64::NEG_INFINITY);
    for step in 0..=30 {
        let tau = f64::from(step) / 20.0;
        let value = balanced_accuracy(tau);
        if value > best_value {
            (best, best_value) = (tau, value);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};

    const PRIORS: [f64; 7] = [0.03, 0.05, 0.11, 0.01, 0.11, 0.67, 0.02];

    fn row(of: &[(Class, f64)]) -> Probabilities {
        let mut row = Probabilities::zeros(ham10000());
        for &(class, p) in of {
            row[class.index()] = p;
        }
        row
    }

    fn predictions(pairs: &[(Class, Probabilities)]) -> Predictions {
        Predictions {
            image_ids: (0..pairs.len()).map(|image| image.to_string()).collect(),
            truths: pairs.iter().map(|pair| pair.0).collect(),
            probabilities: pairs.iter().map(|pair| pair.1.clone()).collect(),
            ..Predictions::new(ham10000())
        }
    }

    #[test]
    fn with_tau_one_the_class_with_the_largest_ratio_to_its_prior_is_named() {
        let (mel, nv) = (ham("mel"), ham("nv"));
        // 0.3 / 0.11 > 0.7 / 0.67, and 0.1 / 0.11 < 0.9 / 0.67.
        let offsets = offsets(1.0, &PRIORS);
        assert_eq!(decide(&row(&[(mel, 0.3), (nv, 0.7)]), &offsets), mel);
        assert_eq!(decide(&row(&[(mel, 0.1), (nv, 0.9)]), &offsets), nv);
        assert_eq!(decide(&row(&[(mel, 0.3), (nv, 0.7)]), &[0.0; 7]), nv);
    }

    #[test]
    fn priors_of_any_scale_and_probabilities_of_zero_are_accepted() {
        let scaled = PRIORS.map(|prior| 1000.0 * prior);
        for (one, other) in offsets(0.7, &PRIORS).iter().zip(offsets(0.7, &scaled)) {
            assert!((one - other).abs() < 1e-12);
        }
        let certain = row(&[(ham("nv"), 1.0)]);
        assert_eq!(decide(&certain, &offsets(1.5, &PRIORS)), ham("nv"));
        let mut without_df = PRIORS;
        without_df[ham("df").index()] = 0.0;
        let offsets = offsets(1.0, &without_df);
        assert_eq!(offsets[ham("df").index()], 0.0);
        assert!(
            offsets
                .iter()
                .all(|offset| offset.is_finite() && *offset >= 0.0)
        );
    }

    #[test]
    fn tau_is_the_smallest_with_the_highest_balanced_accuracy() {
        let (mel, nv) = (ham("mel"), ham("nv"));
        let answers = predictions(&[
            (nv, row(&[(mel, 0.05), (nv, 0.95)])),
            (nv, row(&[(mel, 0.1), (nv, 0.9)])),
            (mel, row(&[(mel, 0.4), (nv, 0.6)])),
        ]);
        // mel is named at p / (1 − p) > (0.11 / 0.67)^τ: for 0.4 above τ = 0.22, for 0.1 above τ = 1.22.
        assert_eq!(fit_tau(&answers, &PRIORS), 0.25);
        let right = predictions(&[(mel, row(&[(mel, 0.9), (nv, 0.1)]))]);
        assert_eq!(fit_tau(&right, &PRIORS), 0.0);
    }
}
