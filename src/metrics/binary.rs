//! One question with two answers, asked of many images: melanoma or not, malignant or not.
//!
//! Thresholds work as scikit-learn's do: an image is predicted_positive positive if its score is *at least* the threshold.

use serde::{Deserialize, Serialize};

use crate::Diagnosis;
use crate::probabilities::Probabilities;

/// Scores of images, and which of them are truly positive.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    /// What is predicted_positive positive at each distinct score, highest score first.
    steps: Vec<Step>,
    positives: usize,
    negatives: usize,
}

/// What a threshold at `score` finds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    score: f64,
    true_positives: usize,
    false_positives: usize,
}

/// Images by truth and by what a threshold predicted_positive them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Positive and predicted_positive so.
    pub true_positives: usize,
    /// Negative, predicted_positive positive.
    pub false_positives: usize,
    /// Positive, predicted_positive negative: missed.
    pub false_negatives: usize,
    /// Negative and predicted_positive so.
    pub true_negatives: usize,
}

impl Binary {
    /// From a score and a truth for each image.
    pub fn new(scored: impl IntoIterator<Item = (f64, bool)>) -> Self {
        let mut scored: Vec<(f64, bool)> = scored.into_iter().collect();
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let (mut true_positives, mut false_positives) = (0, 0);
        let steps = scored
            .chunk_by(|a, b| a.0 == b.0)
            .map(|equal| {
                let positive = equal.iter().filter(|(_, is_positive)| *is_positive).count();
                true_positives += positive;
                false_positives += equal.len() - positive;
                Step {
                    score: equal[0].0,
                    true_positives,
                    false_positives,
                }
            })
            .collect();
        Self {
            steps,
            positives: true_positives,
            negatives: false_positives,
        }
    }

    /// Whether an image shows one of some classes; its score is the sum of their probabilities.
    pub fn any_of(
        classes: &[Diagnosis],
        truths: &[Diagnosis],
        probabilities: &[Probabilities],
    ) -> Self {
        Self::new(truths.iter().zip(probabilities).map(|(truth, row)| {
            let score = classes.iter().map(|class| row[class.index()]).sum();
            (score, classes.contains(truth))
        }))
    }

    /// Number of images.
    pub fn total(&self) -> usize {
        self.positives + self.negatives
    }

    /// Number of truly positive images.
    pub fn positives(&self) -> usize {
        self.positives
    }

    /// What a threshold makes of the images.
    pub fn at(&self, threshold: f64) -> Counts {
        let above = self.steps.partition_point(|step| step.score >= threshold);
        let (true_positives, false_positives) = match above.checked_sub(1) {
            Some(last) => {
                let step = self.steps[last];
                (step.true_positives, step.false_positives)
            }
            None => (0, 0),
        };
        Counts {
            true_positives,
            false_positives,
            false_negatives: self.positives - true_positives,
            true_negatives: self.negatives - false_positives,
        }
    }

    /// The highest threshold that finds at least a share of the positives; `None` without positives.
    pub fn threshold_for_sensitivity(&self, wanted: f64) -> Option<f64> {
        let found = |step: &&Step| step.true_positives as f64 >= wanted * self.positives as f64;
        (self.positives > 0)
            .then(|| self.steps.iter().find(found))?
            .map(|step| step.score)
    }

    /// The ROC curve as pairs of false and true positive rate, from (0, 0) to (1, 1), a point for each distinct
    /// score; `None` unless there are positives and negatives.
    pub fn roc(&self) -> Option<Vec<(f64, f64)>> {
        if self.positives == 0 || self.negatives == 0 {
            return None;
        }
        let rates = self.steps.iter().map(|step| {
            (
                step.false_positives as f64 / self.negatives as f64,
                step.true_positives as f64 / self.positives as f64,
            )
        });
        Some(std::iter::once((0.0, 0.0)).chain(rates).collect())
    }

    /// The precision–recall curve as pairs of recall and precision, recall ascending, a point for each distinct
    /// score; `None` without positives.
    pub fn precision_recall(&self) -> Option<Vec<(f64, f64)>> {
        let point = |step: &Step| {
            let predicted_positive = step.true_positives + step.false_positives;
            (
                step.true_positives as f64 / self.positives as f64,
                step.true_positives as f64 / predicted_positive as f64,
            )
        };
        (self.positives > 0).then(|| self.steps.iter().map(point).collect())
    }

    /// Average precision: the precision at each distinct score, weighed by the recall that it adds, without
    /// interpolation (scikit-learn's `average_precision_score`). `None` without positives.
    pub fn average_precision(&self) -> Option<f64> {
        let mut recall = 0.0;
        let curve = self.precision_recall()?;
        Some(
            curve
                .into_iter()
                .map(|(reached, precision)| {
                    let gained = reached - recall;
                    recall = reached;
                    gained * precision
                })
                .sum(),
        )
    }

    /// The area under that part of the ROC curve where sensitivity is at least `least`, as ISIC's scoring
    /// program has it: not rescaled, so a perfect network reaches 1 and a guessing one `(1 − least²) / 2`.
    /// `None` unless there are positives and negatives.
    pub fn auc_above_sensitivity(&self, least: f64) -> Option<f64> {
        let curve = self.roc()?;
        let area = curve.windows(2).map(|ends| {
            let [(x0, y0), (x1, y1)] = [ends[0], ends[1]];
            if y1 < least {
                return 0.0;
            }
            // The piece that crosses the line begins on it.
            let (x0, y0) = if y0 < least {
                (x0 + (x1 - x0) * (least - y0) / (y1 - y0), least)
            } else {
                (x0, y0)
            };
            (x1 - x0) * (y0 + y1) / 2.0
        });
        Some(area.sum())
    }
}

impl Counts {
    /// Number of images.
    pub fn total(&self) -> usize {
        self.predicted_positive() + self.false_negatives + self.true_negatives
    }

    /// Number of images predicted_positive positive.
    pub fn predicted_positive(&self) -> usize {
        self.true_positives + self.false_positives
    }

    /// Of the positives, the share found (recall); `None` without positives.
    pub fn sensitivity(&self) -> Option<f64> {
        share(
            self.true_positives,
            self.true_positives + self.false_negatives,
        )
    }

    /// Of the negatives, the share left alone; `None` without negatives.
    pub fn specificity(&self) -> Option<f64> {
        share(
            self.true_negatives,
            self.true_negatives + self.false_positives,
        )
    }

    /// Of the images predicted_positive positive, the share that are (positive predictive value); `None` if none was predicted_positive.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.predicted_positive())
    }

    /// Of the images predicted_positive negative, the share that are; `None` if all were predicted_positive positive.
    pub fn negative_predictive_value(&self) -> Option<f64> {
        share(
            self.true_negatives,
            self.true_negatives + self.false_negatives,
        )
    }

    /// The share predicted_positive rightly; `None` without images.
    pub fn accuracy(&self) -> Option<f64> {
        share(self.true_positives + self.true_negatives, self.total())
    }

    /// Images predicted_positive positive for each true one among them: how many people are referred for a cancer found.
    pub fn number_needed_to_refer(&self) -> Option<f64> {
        share(self.predicted_positive(), self.true_positives)
    }

    /// Net benefit at a threshold probability below 1, in true positives per image: those found, less those
    /// predicted_positive in vain at the odds of the threshold (Vickers & Elkin 2006). `None` without images.
    pub fn net_benefit(&self, threshold: f64) -> Option<f64> {
        let odds = threshold / (1.0 - threshold);
        let gain = self.true_positives as f64 - self.false_positives as f64 * odds;
        (self.total() > 0 && threshold < 1.0).then(|| gain / self.total() as f64)
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Binary {
        Binary::new([
            (0.9, true),
            (0.8, false),
            (0.6, true),
            (0.6, false),
            (0.2, true),
            (0.1, false),
        ])
    }

    #[test]
    fn a_threshold_takes_scores_that_equal_it() {
        let counts = some().at(0.6);
        assert_eq!((counts.true_positives, counts.false_positives), (2, 2));
        assert_eq!((counts.false_negatives, counts.true_negatives), (1, 1));
        assert_eq!(some().at(0.95).predicted_positive(), 0);
        assert_eq!(some().at(0.0).predicted_positive(), 6);
    }

    #[test]
    fn the_threshold_for_a_sensitivity_is_the_highest_that_reaches_it() {
        for (wanted, threshold) in [(0.3, 0.9), (0.5, 0.6), (0.7, 0.2), (1.0, 0.2)] {
            assert_eq!(some().threshold_for_sensitivity(wanted), Some(threshold));
        }
        let none = Binary::new([(0.5, false)]);
        assert_eq!(none.threshold_for_sensitivity(0.5), None);
        assert_eq!(
            none.roc().or(none.precision_recall()),
            None,
            "no positives, no curve"
        );
    }

    #[test]
    fn net_benefit_of_calling_all_and_none_is_as_the_formula_says() {
        let all = some().at(0.0).net_benefit(0.2).unwrap();
        assert!((all - (0.5 - 0.5 * 0.25)).abs() < 1e-12);
        assert_eq!(some().at(2.0).net_benefit(0.2), Some(0.0));
        assert_eq!(some().at(0.5).net_benefit(1.0), None);
    }

    #[test]
    fn a_perfect_and_a_guessing_network_have_the_known_partial_areas() {
        let perfect = Binary::new([(0.9, true), (0.1, false)]);
        assert_eq!(perfect.auc_above_sensitivity(0.8), Some(1.0));
        let guessing = Binary::new([(0.5, true), (0.5, false)]);
        let area = guessing.auc_above_sensitivity(0.8).unwrap();
        assert!((area - 0.18).abs() < 1e-12, "{area}");
        assert_eq!(guessing.average_precision(), Some(0.5));
    }
}
