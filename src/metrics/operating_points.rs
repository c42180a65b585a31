//! Threshold selection and decision curves.
//!
//! An operating point is a threshold selected for its sensitivity on validation images and evaluated on others. A
//! decision curve shows the net benefit of the model by threshold probability.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Predictions;
use super::binary::Binary;
use super::counts::Counts;
use crate::{Class, ClassList};

/// The sensitivities that thresholds are selected for.
pub const SENSITIVITIES: [f64; 3] = [0.80, 0.90, 0.95];

/// The positive class of a threshold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Melanoma; the score is its probability.
    Melanoma,
    /// The malignant classes; the score is the sum of their probabilities.
    Malignant,
    /// Another watched class, by code; the score is its probability.
    Watched(String),
}

impl Target {
    /// The targets of a list: melanoma, the malignant classes if there are benign ones and others than melanoma, and
    /// the other watched classes.
    pub fn all(classes: ClassList) -> Vec<Self> {
        let is_one_watched = |list: &[Class]| list.len() == 1 && list[0].is_watched();
        let malignant = classes.malignant().filter(|list| !is_one_watched(list));
        let watched = (classes.watched()).filter(|&class| Some(class) != classes.melanoma());
        (classes.melanoma().map(|_| Self::Melanoma).into_iter())
            .chain(malignant.map(|_| Self::Malignant))
            .chain(watched.map(|class| Self::Watched(class.code().to_owned())))
            .collect()
    }

    /// The classes whose probabilities are summed; empty if the list has none.
    pub fn classes(&self, classes: ClassList) -> Vec<Class> {
        match self {
            Self::Melanoma => classes.melanoma().into_iter().collect(),
            Self::Malignant => classes.malignant().unwrap_or_default(),
            Self::Watched(code) => classes.by_code(code).into_iter().collect(),
        }
    }

    /// The name in files: `melanoma`, `malignant`, or the code of another class.
    pub fn name(&self) -> &str {
        match self {
            Self::Melanoma => "melanoma",
            Self::Malignant => "malignant",
            Self::Watched(code) => code,
        }
    }

    /// The name for people, such as "malignant (akiec, bcc or mel)".
    pub fn words(&self, classes: ClassList) -> String {
        match (self, &self.classes(classes)[..]) {
            (Self::Malignant, [one]) => format!("malignant ({one})"),
            (Self::Malignant, [first @ .., last]) => {
                let first: Vec<&str> = first.iter().map(|class| class.code()).collect();
                format!("malignant ({} or {last})", first.join(", "))
            }
            _ => self.name().to_owned(),
        }
    }

    /// The target against the rest, for some predictions.
    pub fn of(&self, predictions: &Predictions) -> Binary {
        Binary::any_of(
            &self.classes(predictions.classes),
            &predictions.truths,
            &predictions.probabilities,
        )
    }
}

/// As its name.
impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(deserializer)? {
            name if name == "melanoma" => Self::Melanoma,
            name if name == "malignant" => Self::Malignant,
            code => Self::Watched(code),
        })
    }
}

/// A threshold with its metrics on the images that it was selected on and on those that are scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// The positive class.
    #[serde(rename = "question")]
    pub target: Target,
    /// The sensitivity that the threshold was selected for. It is the highest threshold that reaches it on the images
    /// that it was selected on.
    pub wanted_sensitivity: f64,
    /// Images with at least this score are predicted positive.
    pub threshold: f64,
    /// Metrics on the images that the threshold was selected on.
    pub chosen_on: ThresholdMetrics,
    /// Metrics on the images that are scored.
    pub scored: ThresholdMetrics,
}

/// Metrics at a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdMetrics {
    /// The 2 × 2 confusion matrix.
    #[serde(flatten)]
    pub counts: Counts,
    /// Sensitivity (recall).
    pub sensitivity: Option<f64>,
    /// Specificity.
    pub specificity: Option<f64>,
    /// Precision (positive predictive value).
    pub precision: Option<f64>,
    /// Number needed to refer ([`Counts::number_needed_to_refer`]).
    pub referred_per_found: Option<f64>,
    /// Net benefit at this threshold ([`Counts::net_benefit`]).
    pub net_benefit: Option<f64>,
}

impl ThresholdMetrics {
    fn new(binary: &Binary, threshold: f64) -> Self {
        Self::of(binary.at(threshold), threshold)
    }

    fn of(counts: Counts, threshold: f64) -> Self {
        Self {
            counts,
            sensitivity: counts.sensitivity(),
            specificity: counts.specificity(),
            precision: counts.precision(),
            referred_per_found: counts.number_needed_to_refer(),
            net_benefit: counts.net_benefit(threshold),
        }
    }
}

/// The operating points of the targets for all [`SENSITIVITIES`]. A target without positives in `chosen_on` has none.
pub fn operating_points(chosen_on: &Predictions, scored: &Predictions) -> Vec<OperatingPoint> {
    let of_target = |target: Target| {
        let (selection, scoring) = (target.of(chosen_on), target.of(scored));
        SENSITIVITIES.into_iter().filter_map(move |wanted| {
            let threshold = selection.threshold_for_sensitivity(wanted)?;
            Some(OperatingPoint {
                target: target.clone(),
                wanted_sensitivity: wanted,
                threshold,
                chosen_on: ThresholdMetrics::new(&selection, threshold),
                scored: ThresholdMetrics::new(&scoring, threshold),
            })
        })
    };
    Target::all(scored.classes)
        .into_iter()
        .flat_map(of_target)
        .collect()
}

/// The operating points of several folds: each threshold is selected on the predictions of all of them, which are
/// `chosen_on`; `scored` counts each fold at the threshold that is selected in the same way on the other folds. Empty
/// for fewer than two folds.
pub fn cross_fitted(folds: &[&Predictions]) -> Vec<OperatingPoint> {
    let [first, _, ..] = folds else {
        return Vec::new();
    };
    let pooled = Predictions::pooled(first.classes, folds.iter().copied());
    let without = |left_out: usize| {
        let others = folds.iter().enumerate();
        let others = others.filter(|(fold, _)| *fold != left_out);
        Predictions::pooled(first.classes, others.map(|(_, others)| *others))
    };
    let others: Vec<Predictions> = (0..folds.len()).map(without).collect();
    let of_target = |target: Target| {
        let selection = target.of(&pooled);
        let by_fold: Vec<[Binary; 2]> = (others.iter().zip(folds))
            .map(|(others, fold)| [target.of(others), target.of(fold)])
            .collect();
        SENSITIVITIES.into_iter().filter_map(move |wanted| {
            let threshold = selection.threshold_for_sensitivity(wanted)?;
            let mut counts = Counts::default();
            for [others, fold] in &by_fold {
                counts.add(fold.at(others.threshold_for_sensitivity(wanted)?));
            }
            Some(OperatingPoint {
                target: target.clone(),
                wanted_sensitivity: wanted,
                threshold,
                chosen_on: ThresholdMetrics::new(&selection, threshold),
                scored: ThresholdMetrics::of(counts, threshold),
            })
        })
    };
    Target::all(first.classes)
        .into_iter()
        .flat_map(of_target)
        .collect()
}

/// A decision curve: net benefit in true positives per image, by threshold probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionCurve {
    /// The positive class.
    #[serde(rename = "question")]
    pub target: Target,
    /// Threshold probabilities, ascending. A threshold of 5 % accepts 19 unnecessary referrals for each cancer found.
    pub thresholds: Vec<f64>,
    /// Net benefit of referring patients whose score is at least the threshold.
    pub network: Vec<f64>,
    /// Net benefit of referring everybody. That of referring nobody is 0.
    pub everybody: Vec<f64>,
}

/// Decision curves of the targets at thresholds of 1 % to 60 %; none without images.
pub fn decision_curves(predictions: &Predictions) -> Vec<DecisionCurve> {
    let thresholds: Vec<f64> = (1..=60).map(|percent| f64::from(percent) / 100.0).collect();
    let of_target = |target: Target| {
        let binary = target.of(predictions);
        let benefit = |threshold: f64, at: f64| binary.at(at).net_benefit(threshold);
        Some(DecisionCurve {
            target,
            network: (thresholds.iter())
                .map(|&t| benefit(t, t))
                .collect::<Option<_>>()?,
            everybody: (thresholds.iter())
                .map(|&t| benefit(t, f64::NEG_INFINITY))
                .collect::<Option<_>>()?,
            thresholds: thresholds.clone(),
        })
    };
    Target::all(predictions.classes)
        .into_iter()
        .filter_map(of_target)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};
    use crate::probabilities::Probabilities;

    fn predictions(melanoma: &[(f64, Class)]) -> Predictions {
        let mut predictions = Predictions::new(ham10000());
        for &(p, truth) in melanoma {
            let mut row = Probabilities::zeros(ham10000());
            row[ham("mel").index()] = p;
            row[ham("bcc").index()] = (1.0 - p) / 4.0;
            row[ham("nv").index()] = (1.0 - p) * 0.75;
            predictions.image_ids.push(String::new());
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        predictions
    }

    #[test]
    fn a_threshold_is_selected_on_one_set_and_evaluated_on_the_other() {
        let (mel, nv) = (ham("mel"), ham("nv"));
        let chosen_on = predictions(&[(0.9, mel), (0.5, mel), (0.4, nv), (0.1, nv)]);
        let scored = predictions(&[(0.6, mel), (0.4, mel), (0.55, nv), (0.1, nv)]);
        let points = operating_points(&chosen_on, &scored);
        assert_eq!(points.len(), 6);
        let point = &points[0];
        assert_eq!((&point.target, point.threshold), (&Target::Melanoma, 0.5));
        assert_eq!(point.chosen_on.sensitivity, Some(1.0));
        assert_eq!(point.chosen_on.referred_per_found, Some(1.0));
        assert_eq!(point.scored.sensitivity, Some(0.5));
        assert_eq!(point.scored.referred_per_found, Some(2.0));
    }

    #[test]
    fn cross_fitted_thresholds_are_selected_on_the_other_folds() {
        let (mel, nv) = (ham("mel"), ham("nv"));
        let one = predictions(&[(0.9, mel), (0.6, nv)]);
        let other = predictions(&[(0.5, mel), (0.1, nv)]);
        let points = cross_fitted(&[&one, &other]);
        assert_eq!(points.len(), 6);
        // Together 0.5 finds both; fold `one` is scored at 0.5 (its nevus is referred), fold `other` at 0.9.
        let point = &points[0];
        assert_eq!(point.threshold, 0.5);
        assert_eq!(point.chosen_on.sensitivity, Some(1.0));
        assert_eq!(point.scored.sensitivity, Some(0.5));
        assert_eq!(point.scored.counts.false_positives, 1);
    }

    #[test]
    fn malignant_sums_three_classes() {
        let of = predictions(&[(0.2, ham("bcc"))]);
        let binary = Target::Malignant.of(&of);
        assert_eq!(binary.positives(), 1);
        assert_eq!(binary.at(0.4).true_positives, 1);
        assert_eq!(binary.at(0.41).true_positives, 0);
    }

    #[test]
    fn a_target_without_positives_to_select_on_has_no_operating_point() {
        let nevi = predictions(&[(0.2, ham("nv"))]);
        assert!(operating_points(&nevi, &nevi).is_empty());
        assert!(decision_curves(&Predictions::new(ham10000())).is_empty());
    }

    #[test]
    fn net_benefit_of_referring_everybody_nears_the_prevalence_at_low_thresholds() {
        let some = predictions(&[(0.9, ham("mel")), (0.1, ham("nv"))]);
        let curves = decision_curves(&some);
        let melanoma = &curves[0];
        assert!((melanoma.everybody[0] - (0.5 - 0.5 / 99.0)).abs() < 1e-12);
        assert_eq!(melanoma.network[19], 0.5, "no unnecessary referral at 20 %");
        assert_eq!(melanoma.thresholds.len(), 60);
    }
}
