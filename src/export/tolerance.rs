//! What a file of reduced precision may lose, in percentage points and images.

use std::collections::BTreeMap;

use crate::Class;
use crate::artifact::check::{Check, Score};
use crate::artifact::format::{Format, Precision};

/// The reason why a file of reduced precision fails, if it does. `truths` are those of the images; none if they have no
/// labels.
pub fn failure(format: Format, check: &Check, truths: &[Class], tolerance: f64) -> Option<String> {
    if format.precision() == Precision::Single {
        return None;
    }
    let mut problems = Vec::new();
    let differ = check.images - check.same_top1;
    let too_many = differ > 1 && differ as f64 > tolerance / 100.0 * check.images as f64;
    if format.precision() == Precision::Half && too_many {
        problems.push(format!("another top-1 class on {differ} images"));
    }
    problems.extend(losses(check.score, truths, tolerance));
    (!problems.is_empty()).then(|| {
        format!(
            "{}, of {} {}; --tolerance {tolerance} allows less",
            problems.join(" and "),
            check.images,
            check.of,
        )
    })
}

/// The figures that dropped by more than `tolerance` percentage points and by more than one image is worth.
fn losses(score: Option<Score>, truths: &[Class], tolerance: f64) -> Vec<String> {
    let Some(score) = score else {
        return Vec::new();
    };
    let mut support: BTreeMap<Class, usize> = BTreeMap::new();
    for truth in truths {
        *support.entry(*truth).or_default() += 1;
    }
    let is_melanoma = |class: &Class| Some(*class) == class.list().melanoma();
    let melanomas = support.iter().find(|(class, _)| is_melanoma(class));
    let melanomas = melanomas.map_or(1, |(_, images)| *images);
    let classes = support.len().max(1);
    let rarest = support.values().min().copied().unwrap_or(1);
    let of_accuracy = 100.0 / (classes * rarest) as f64;
    let of_recall = 100.0 / melanomas as f64;
    let balanced = score.balanced;
    [
        (
            "balanced accuracy",
            score.balanced_accuracy_change,
            of_accuracy,
        ),
        ("melanoma recall", score.melanoma_recall_change, of_recall),
        (
            "balanced accuracy by the balanced rule",
            balanced.and_then(|score| score.balanced_accuracy_change),
            of_accuracy,
        ),
        (
            "melanoma recall by the balanced rule",
            balanced.and_then(|score| score.melanoma_recall_change),
            of_recall,
        ),
    ]
    .into_iter()
    .filter_map(|(name, change, one)| Some((name, -100.0 * change?, one)))
    .filter(|&(_, points, one)| points > tolerance.max(one) + 1e-9)
    .map(|(name, points, _)| format!("a loss of {points:.2} points of {name}"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::check::BalancedScore;
    use crate::classes::ham;

    fn check(same_top1: usize, mel: f64) -> Check {
        Check {
            engine: "rten".to_owned(),
            images: 1000,
            of: "images".to_owned(),
            max_difference: 0.1,
            mean_difference: 0.01,
            same_top1,
            score: Some(Score {
                accuracy: Some(0.8),
                balanced_accuracy: Some(0.7),
                melanoma_recall: Some(0.6),
                balanced_accuracy_change: Some(0.02),
                melanoma_recall_change: Some(mel),
                balanced: None,
            }),
            scored: None,
            novelty: None,
        }
    }

    /// So many melanomas and nevi that one image is worth at most half a point.
    fn truths() -> Vec<Class> {
        [[ham("mel"); 500], [ham("nv"); 500]].concat()
    }

    #[test]
    fn float16_may_change_as_many_top1_classes_as_the_tolerance_says() {
        let fails =
            |same, tolerance| failure(Format::OnnxFp16, &check(same, 0.0), &truths(), tolerance);
        assert_eq!(fails(990, 1.0), None);
        let why = fails(989, 1.0).unwrap();
        assert!(why.contains("11 images, of 1000"), "{why}");
        assert_eq!(fails(989, 2.0), None);
        assert_eq!(fails(999, 0.0), None);
        assert!(fails(998, 0.0).is_some());
    }

    #[test]
    fn float16_may_not_lose_more_melanoma_recall_than_allowed() {
        let why = failure(Format::OnnxFp16, &check(1000, -0.02), &truths(), 1.0).unwrap();
        assert!(why.contains("2.00 points of melanoma recall"), "{why}");
    }

    #[test]
    fn int8_may_not_lose_more_under_the_balanced_rule_than_allowed() {
        let mut check = check(1000, 0.0);
        check.score.as_mut().unwrap().balanced = Some(BalancedScore {
            balanced_accuracy: Some(0.75),
            melanoma_recall: Some(0.7),
            balanced_accuracy_change: Some(-0.03),
            melanoma_recall_change: Some(0.0),
        });
        let why = failure(Format::OnnxInt8, &check, &truths(), 1.0).unwrap();
        assert!(
            why.contains("3.00 points of balanced accuracy by the balanced rule"),
            "{why}"
        );
        assert_eq!(failure(Format::OnnxInt8, &check, &truths(), 3.0), None);
    }

    #[test]
    fn int8_may_not_lose_more_melanoma_recall_than_allowed() {
        let fails =
            |mel, tolerance| failure(Format::OnnxInt8, &check(900, mel), &truths(), tolerance);
        assert_eq!(fails(-0.01, 1.0), None);
        let why = fails(-0.02, 1.0).unwrap();
        assert!(why.contains("2.00 points of melanoma recall"), "{why}");
        assert_eq!(fails(-0.02, 2.5), None);
    }

    #[test]
    fn one_melanoma_may_be_lost_however_few_there_are() {
        let few = [[ham("mel"); 20], [ham("nv"); 20]].concat();
        let fails = |mel| failure(Format::OnnxInt8, &check(900, mel), &few, 1.0);
        assert_eq!(fails(-0.05), None);
        assert!(fails(-0.1).is_some());
    }
}
