//! Binary classification metrics: ROC and precision–recall curves, AUC, average precision, threshold metrics.
//!
//! The positive class is one diagnosis or several, such as melanoma or all malignant classes. Thresholds follow
//! scikit-learn: an image is predicted positive if its score is *at least* the threshold.

use super::counts::Counts;
use super::ranking::RocAuc;
use crate::Class;
use crate::probabilities::Probabilities;

/// Scores and binary truths of images, as cumulative counts by threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    /// Cumulative counts at each distinct score, highest score first.
    steps: Vec<Step>,
    positives: usize,
    negatives: usize,
}

/// Images with at least a score, by truth.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    score: f64,
    true_positives: usize,
    false_positives: usize,
}

impl Binary {
    /// Collects pairs of score and truth, one for each image.
    pub fn new(scored: impl IntoIterator<Item = (f64, bool)>) -> Self {
        let mut scored: Vec<(f64, bool)> = scored.into_iter().collect();
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let (mut true_positives, mut false_positives) = (0, 0);
        let steps = scored
            .chunk_by(|a, b| a.0 == b.0)
            .map(|ties| {
                let positive = ties.iter().filter(|(_, is_positive)| *is_positive).count();
                true_positives += positive;
                false_positives += ties.len() - positive;
                Step {
                    score: ties[0].0,
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

    /// One or several classes against the rest; the score is the sum of their probabilities.
    pub fn any_of(classes: &[Class], truths: &[Class], probabilities: &[Probabilities]) -> Self {
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

    /// The confusion matrix at a threshold.
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

    /// The highest threshold with at least the given sensitivity; `None` without positives.
    pub fn threshold_for_sensitivity(&self, wanted: f64) -> Option<f64> {
        let is_enough = |step: &&Step| step.true_positives as f64 >= wanted * self.positives as f64;
        (self.positives > 0)
            .then(|| self.steps.iter().find(is_enough))?
            .map(|step| step.score)
    }

    /// The highest sensitivity at a threshold with at least the given specificity; 0 if only the threshold above all
    /// scores has it. `None` unless there are positives and negatives.
    pub fn sensitivity_at_specificity(&self, wanted: f64) -> Option<f64> {
        let is_enough =
            |step: &Step| is_specific(step.false_positives as f64, self.negatives as f64, wanted);
        let steps = self.steps.partition_point(is_enough);
        let found = steps
            .checked_sub(1)
            .map_or(0, |last| self.steps[last].true_positives);
        (self.positives > 0 && self.negatives > 0).then(|| found as f64 / self.positives as f64)
    }

    /// The ROC curve as (false positive rate, true positive rate), from (0, 0) to (1, 1), with one point for each
    /// distinct score; `None` unless there are positives and negatives.
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

    /// The precision–recall curve as (recall, precision), recall ascending, with one point for each distinct score;
    /// `None` without positives.
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

    /// Area under the ROC curve; `None` unless there are positives and negatives.
    pub fn auc(&self) -> Option<f64> {
        let mut auc = RocAuc::default();
        for step in &self.steps {
            auc.extend_to(step.true_positives as u64, step.false_positives as u64);
        }
        auc.value()
    }

    /// Average precision: Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores, without interpolation (scikit-learn's
    /// `average_precision_score`). `None` without positives.
    pub fn average_precision(&self) -> Option<f64> {
        let mut recall = 0.0;
        let curve = self.precision_recall()?;
        Some(
            curve
                .into_iter()
                .map(|(next_recall, precision)| {
                    let gained = next_recall - recall;
                    recall = next_recall;
                    gained * precision
                })
                .sum(),
        )
    }

    /// Partial AUC: the area under the ROC curve where sensitivity is at least `min_sensitivity`, as computed by the
    /// scoring program of ISIC. It is not rescaled: a perfect classifier has 1, chance has
    /// `(1 − min_sensitivity²) / 2`. `None` unless there are positives and negatives.
    pub fn auc_above_sensitivity(&self, min_sensitivity: f64) -> Option<f64> {
        let curve = self.roc()?;
        let area = curve.windows(2).map(|ends| {
            let [(x0, y0), (x1, y1)] = [ends[0], ends[1]];
            if y1 < min_sensitivity {
                return 0.0;
            }
            // The segment that crosses the minimum starts at the crossing.
            let (x0, y0) = if y0 < min_sensitivity {
                (
                    x0 + (x1 - x0) * (min_sensitivity - y0) / (y1 - y0),
                    min_sensitivity,
                )
            } else {
                (x0, y0)
            };
            (x1 - x0) * (y0 + y1) / 2.0
        });
        Some(area.sum())
    }
}

/// Whether false positives among negatives leave at least the given specificity, tolerant of binary rounding.
pub(super) fn is_specific(false_positives: f64, negatives: f64, wanted: f64) -> bool {
    negatives - false_positives >= wanted * negatives - 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn six_images() -> Binary {
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
    fn a_score_equal_to_the_threshold_is_positive() {
        let counts = six_images().at(0.6);
        assert_eq!((counts.true_positives, counts.false_positives), (2, 2));
        assert_eq!((counts.false_negatives, counts.true_negatives), (1, 1));
        assert_eq!(six_images().at(0.95).predicted_positive(), 0);
        assert_eq!(six_images().at(0.0).predicted_positive(), 6);
    }

    #[test]
    fn threshold_for_sensitivity_is_the_highest_that_reaches_it() {
        for (wanted, threshold) in [(0.3, 0.9), (0.5, 0.6), (0.7, 0.2), (1.0, 0.2)] {
            assert_eq!(
                six_images().threshold_for_sensitivity(wanted),
                Some(threshold)
            );
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
    fn net_benefit_of_referring_all_and_none_follows_the_formula() {
        let all = six_images().at(0.0).net_benefit(0.2).unwrap();
        assert!((all - (0.5 - 0.5 * 0.25)).abs() < 1e-12);
        assert_eq!(six_images().at(2.0).net_benefit(0.2), Some(0.0));
        assert_eq!(six_images().at(0.5).net_benefit(1.0), None);
    }

    #[test]
    fn perfect_and_chance_classifiers_have_the_known_areas() {
        let perfect = Binary::new([(0.9, true), (0.1, false)]);
        assert_eq!(perfect.auc_above_sensitivity(0.8), Some(1.0));
        let chance = Binary::new([(0.5, true), (0.5, false)]);
        assert_eq!((perfect.auc(), chance.auc()), (Some(1.0), Some(0.5)));
        let area = chance.auc_above_sensitivity(0.8).unwrap();
        assert!((area - 0.18).abs() < 1e-12, "{area}");
        assert_eq!(chance.average_precision(), Some(0.5));
    }
}
