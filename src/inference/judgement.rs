//! What the probabilities of a photograph amount to: the class that is named, whether the network is sure enough, and
//! whether the lesion should be referred. The phone page applies the same rules (`web/src/views/judgement.ts`).

use super::classifier::Classifier;
use crate::Class;
use crate::artifact::description::{Abstention, Threshold};
use crate::metrics::decisions::{DecisionRule, Offsets, decide};
use crate::metrics::operating_points::Target;
use crate::model::novelty_rule::NoveltyRule;
use crate::probabilities::Probabilities;

/// The sensitivity of the operating points that refer: few lesions are missed, and not everybody is referred.
const SENSITIVITY: f64 = 0.9;

/// The rules by which one classifier's probabilities are judged.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The rule that names a class.
    pub rule: DecisionRule,
    offsets: Offsets,
    /// The abstention rule. `None`: the classifier has none, so that it is never unsure.
    pub abstention: Option<Abstention>,
    /// The threshold of the novelty score. `None`: the classifier has none.
    pub novelty: Option<NoveltyRule>,
    /// For each target, the operating point whose selected sensitivity is nearest to .90: melanoma first. A target
    /// without thresholds has none.
    pub operating_points: Vec<Threshold>,
}

/// The judgement of one photograph.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The class that the decision rule names, whether sure or not.
    pub class: Class,
    /// The largest probability.
    pub confidence: f64,
    /// Whether the largest probability is below the abstention threshold; `None` without an abstention rule.
    pub not_sure: Option<bool>,
    /// The novelty score; `None` if the classifier has none.
    pub novelty: Option<f64>,
    /// Whether the novelty score is above its threshold: the photograph does not look like a dermatoscopic one. `None`
    /// without a score.
    pub not_a_lesion: Option<bool>,
    /// The score of each operating point, in the order of [`Rules::operating_points`].
    pub scores: Vec<Score>,
}

/// The score of a target at its operating point.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The operating point.
    pub point: Threshold,
    /// The sum of the probabilities of the target's classes.
    pub score: f64,
}

impl Score {
    /// Whether the score is at or above the threshold.
    pub fn is_positive(&self) -> bool {
        self.score >= self.point.threshold
    }
}

impl Judgement {
    /// The score for which the lesion should be referred: the first that is positive,
    /// of melanoma, malignant, and other watched classes.
    pub fn refer(&self) -> Option<&Score> {
        self.scores.iter().find(|score| score.is_positive())
    }
}

impl Rules {
    /// The rules of a classifier, with its default decision rule or another. `None` if that rule was not fitted.
    pub fn new(classifier: &dyn Classifier, rule: Option<DecisionRule>) -> Option<Self> {
        let decisions = classifier.decisions();
        let rule = rule.unwrap_or(decisions.default);
        Some(Self {
            rule,
            offsets: decisions.offsets(rule)?.clone(),
            abstention: classifier.abstention(),
            novelty: classifier.novelty(),
            operating_points: (Target::all(classifier.classes()).iter())
                .filter_map(|target| operating_point(target, classifier.thresholds()))
                .collect(),
        })
    }

    /// Judges the probabilities of one photograph and its novelty score, if it has one.
    pub fn judge(&self, probabilities: &Probabilities, novelty: Option<f64>) -> Judgement {
        let confidence = probabilities.iter().copied().fold(0.0, f64::max);
        let score = |point: &Threshold| Score {
            point: point.clone(),
            score: (point.target.classes(probabilities.classes()).iter())
                .map(|class| probabilities[class.index()])
                .sum(),
        };
        Judgement {
            class: decide(probabilities, &self.offsets),
            confidence,
            not_sure: (self.abstention).map(|abstention| confidence < abstention.threshold),
            novelty: novelty.filter(|_| self.novelty.is_some()),
            not_a_lesion: (self.novelty.zip(novelty)).map(|(rule, score)| rule.flags(score)),
            scores: self.operating_points.iter().map(score).collect(),
        }
    }
}

/// The threshold of a target that was selected for the sensitivity nearest to [`SENSITIVITY`]; the first of equals.
fn operating_point(target: &Target, thresholds: &[Threshold]) -> Option<Threshold> {
    let distance = |threshold: &Threshold| (threshold.sensitivity_asked - SENSITIVITY).abs();
    let of_target = thresholds.iter().filter(|one| one.target == *target);
    of_target
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};
    use crate::dataset::part::Part;

    fn threshold(target: Target, sensitivity_asked: f64, threshold: f64) -> Threshold {
        Threshold {
            target,
            sensitivity_asked,
            threshold,
            chosen_on: Part::Val,
            sensitivity: Some(0.92),
            specificity: None,
            referred_per_found: None,
        }
    }

    fn rules(limit: Option<f64>, thresholds: &[Threshold]) -> Rules {
        Rules {
            rule: DecisionRule::Likeliest,
            offsets: vec![0.0; 7],
            abstention: limit.map(|threshold| Abstention {
                threshold,
                chosen_on: Part::Val,
                coverage: 0.8,
                accuracy: 0.9,
            }),
            novelty: NoveltyRule::new(vec![2.0], Part::Val),
            operating_points: (Target::all(ham10000()).iter())
                .filter_map(|target| operating_point(target, thresholds))
                .collect(),
        }
    }

    /// Probabilities of bcc, melanoma and nevus.
    fn row([bcc, mel, nv]: [f64; 3]) -> Probabilities {
        let mut row = Probabilities::zeros(ham10000());
        row[ham("bcc").index()] = bcc;
        row[ham("mel").index()] = mel;
        row[ham("nv").index()] = nv;
        row
    }

    #[test]
    fn below_the_abstention_threshold_the_network_is_not_sure_and_at_it_it_is() {
        let rules = rules(Some(0.6), &[]);
        let unsure = rules.judge(&row([0.3, 0.11, 0.59]), None);
        assert_eq!((unsure.class, unsure.not_sure), (ham("nv"), Some(true)));
        assert_eq!(
            rules.judge(&row([0.2, 0.2, 0.6]), None).not_sure,
            Some(false)
        );
    }

    #[test]
    fn a_photograph_above_the_novelty_threshold_is_no_lesion_whatever_its_probabilities() {
        let of = |score| {
            rules(None, &[])
                .judge(&row([0.0, 0.01, 0.99]), score)
                .not_a_lesion
        };
        assert_eq!(
            (of(Some(2.0)), of(Some(2.1)), of(None)),
            (Some(false), Some(true), None)
        );
    }

    #[test]
    fn a_network_without_rules_is_neither_sure_nor_refers() {
        let judgement = rules(None, &[]).judge(&row([0.3, 0.4, 0.3]), None);
        assert_eq!(judgement.not_sure, None);
        assert_eq!(judgement.refer(), None);
    }

    #[test]
    fn melanoma_is_held_against_the_threshold_that_was_to_find_nine_of_ten() {
        let melanoma = |asked, at| threshold(Target::Melanoma, asked, at);
        let rules = rules(
            None,
            &[melanoma(0.8, 0.4), melanoma(0.9, 0.1), melanoma(0.95, 0.05)],
        );
        let refers = |mel| {
            rules
                .judge(&row([0.0, mel, 1.0 - mel]), None)
                .refer()
                .cloned()
        };
        assert_eq!(refers(0.1).unwrap().point.threshold, 0.1);
        assert_eq!(refers(0.08), None);
    }

    #[test]
    fn melanoma_is_named_before_malignant_which_counts_three_classes_together() {
        let rules = rules(
            None,
            &[
                threshold(Target::Malignant, 0.9, 0.2),
                threshold(Target::Melanoma, 0.9, 0.15),
            ],
        );
        let refer = |bcc, mel| {
            let judgement = rules.judge(&row([bcc, mel, 1.0 - bcc - mel]), None);
            judgement.refer().map(|score| score.point.target.clone())
        };
        assert_eq!(refer(0.0, 0.15), Some(Target::Melanoma));
        assert_eq!(refer(0.12, 0.1), Some(Target::Malignant));
        assert_eq!(refer(0.05, 0.1), None);
    }
}
