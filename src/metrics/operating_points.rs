//! Operating points: a threshold chosen on some images for the sensitivity that it has there, and what it does to
//! others; and decision curves, which say at what threshold a network is worth asking at all.

use serde::{Deserialize, Serialize};

use super::Predictions;
use super::binary::{Binary, Counts};
use crate::Diagnosis;

/// The sensitivities that thresholds are chosen for.
pub const SENSITIVITIES: [f64; 3] = [0.80, 0.90, 0.95];

/// A question that a threshold answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Is it melanoma? The score is its probability.
    Melanoma,
    /// Is it akiec, bcc or mel? The score is the sum of their probabilities.
    Malignant,
}

impl Target {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Melanoma, Self::Malignant];

    /// The classes whose probabilities are summed.
    pub fn classes(self) -> Vec<Diagnosis> {
        match self {
            Self::Melanoma => vec![Diagnosis::Mel],
            Self::Malignant => (Diagnosis::ALL.into_iter())
                .filter(|class| class.is_malignant())
                .collect(),
        }
    }

    /// It in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Melanoma => "melanoma",
            Self::Malignant => "malignant (akiec, bcc or mel)",
        }
    }

    /// It, asked of predictions.
    pub fn of(self, predictions: &Predictions) -> Binary {
        Binary::any_of(
            &self.classes(),
            &predictions.truths,
            &predictions.probabilities,
        )
    }
}

/// A threshold, and what it does where it was chosen and elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// What it answers.
    pub question: Target,
    /// The sensitivity that it was chosen for: it is the highest threshold that has it on the thresholds_on images.
    pub wanted_sensitivity: f64,
    /// Scores of at least this much are predicted_positive positive.
    pub threshold: f64,
    /// What it does to the images that it was chosen on.
    pub chosen_on: ThresholdMetrics,
    /// What it does to the images that are scored.
    pub scored: ThresholdMetrics,
}

/// What a threshold does to some images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdMetrics {
    /// The images by truth and call.
    #[serde(flatten)]
    pub counts: Counts,
    /// Of the positives, the share found.
    pub sensitivity: Option<f64>,
    /// Of the negatives, the share left alone.
    pub specificity: Option<f64>,
    /// Of the images predicted_positive positive, the share that are.
    pub precision: Option<f64>,
    /// Images predicted_positive positive for each true one among them.
    pub referred_per_found: Option<f64>,
    /// Net benefit at this threshold ([`Counts::net_benefit`]).
    pub net_benefit: Option<f64>,
}

impl ThresholdMetrics {
    fn new(binary: &Binary, threshold: f64) -> Self {
        let counts = binary.at(threshold);
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

/// The operating points of both questions for all of [`SENSITIVITIES`]; a question without positives among the
/// thresholds_on images has none.
pub fn operating_points(chosen_on: &Predictions, scored: &Predictions) -> Vec<OperatingPoint> {
    let of_question = |question: Target| {
        let (thresholds_on, scoring) = (question.of(chosen_on), question.of(scored));
        SENSITIVITIES.into_iter().filter_map(move |wanted| {
            let threshold = thresholds_on.threshold_for_sensitivity(wanted)?;
            Some(OperatingPoint {
                question,
                wanted_sensitivity: wanted,
                threshold,
                chosen_on: ThresholdMetrics::new(&thresholds_on, threshold),
                scored: ThresholdMetrics::new(&scoring, threshold),
            })
        })
    };
    Target::ALL.into_iter().flat_map(of_question).collect()
}

/// A decision curve: net benefit in true positives per image, by threshold probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionCurve {
    /// What is decided.
    pub question: Target,
    /// Threshold probabilities, ascending: who refers at 5 % takes 19 in vain for one found.
    pub thresholds: Vec<f64>,
    /// Net benefit of referring whom the network gives at least the threshold.
    pub network: Vec<f64>,
    /// Net benefit of referring everybody. Referring nobody has 0.
    pub everybody: Vec<f64>,
}

/// Decision curves of both questions, at thresholds of 1 % to 60 %; none without images.
pub fn decision_curves(predictions: &Predictions) -> Vec<DecisionCurve> {
    let thresholds: Vec<f64> = (1..=60).map(|percent| f64::from(percent) / 100.0).collect();
    let of_question = |question: Target| {
        let binary = question.of(predictions);
        let benefit = |threshold: f64, at: f64| binary.at(at).net_benefit(threshold);
        Some(DecisionCurve {
            question,
            network: (thresholds.iter())
                .map(|&t| benefit(t, t))
                .collect::<Option<_>>()?,
            everybody: (thresholds.iter())
                .map(|&t| benefit(t, f64::NEG_INFINITY))
                .collect::<Option<_>>()?,
            thresholds: thresholds.clone(),
        })
    };
    Target::ALL.into_iter().filter_map(of_question).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(melanoma: &[(f64, Diagnosis)]) -> Predictions {
        let mut predictions = Predictions::default();
        for &(p, truth) in melanoma {
            let mut row = [0.0; Diagnosis::COUNT];
            row[Diagnosis::Mel.index()] = p;
            row[Diagnosis::Bcc.index()] = (1.0 - p) / 4.0;
            row[Diagnosis::Nv.index()] = (1.0 - p) * 0.75;
            predictions.image_ids.push(String::new());
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        predictions
    }

    #[test]
    fn a_threshold_is_chosen_on_one_set_and_judged_on_the_other() {
        let (mel, nv) = (Diagnosis::Mel, Diagnosis::Nv);
        let chosen_on = predictions(&[(0.9, mel), (0.5, mel), (0.4, nv), (0.1, nv)]);
        let scored = predictions(&[(0.6, mel), (0.4, mel), (0.55, nv), (0.1, nv)]);
        let points = operating_points(&chosen_on, &scored);
        assert_eq!(points.len(), 6);
        let point = points[0];
        assert_eq!((point.question, point.threshold), (Target::Melanoma, 0.5));
        assert_eq!(point.chosen_on.sensitivity, Some(1.0));
        assert_eq!(point.chosen_on.referred_per_found, Some(1.0));
        assert_eq!(point.scored.sensitivity, Some(0.5));
        assert_eq!(point.scored.referred_per_found, Some(2.0));
    }

    #[test]
    fn malignant_sums_three_classes() {
        let of = predictions(&[(0.2, Diagnosis::Bcc)]);
        let binary = Target::Malignant.of(&of);
        assert_eq!(binary.positives(), 1);
        assert_eq!(binary.at(0.4).true_positives, 1);
        assert_eq!(binary.at(0.41).true_positives, 0);
    }

    #[test]
    fn without_melanomas_to_choose_on_there_is_no_point_for_them() {
        let nevi = predictions(&[(0.2, Diagnosis::Nv)]);
        assert!(operating_points(&nevi, &nevi).is_empty());
        assert!(decision_curves(&Predictions::default()).is_empty());
    }

    #[test]
    fn referring_everybody_is_worth_the_prevalence_at_low_thresholds() {
        let some = predictions(&[(0.9, Diagnosis::Mel), (0.1, Diagnosis::Nv)]);
        let curves = decision_curves(&some);
        let melanoma = &curves[0];
        assert!((melanoma.everybody[0] - (0.5 - 0.5 / 99.0)).abs() < 1e-12);
        assert_eq!(melanoma.network[19], 0.5, "nobody in vain at 20 %");
        assert_eq!(melanoma.thresholds.len(), 60);
    }
}
