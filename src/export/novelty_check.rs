//! Compares the novelty scores of an exported file with those of the checkpoint.

use crate::artifact::check::NoveltyCheck;
use crate::model::novelty_rule::NoveltyRule;

/// The largest allowed difference of a novelty score of a float32 file, as a fraction of the threshold or of the score,
/// whichever is larger: the score is a difference of larger sums.
pub const TOLERANCE: f64 = 1e-3;

/// The largest fraction of images, in percent, that a file of lower precision may flag differently than the checkpoint.
pub const CHANGES: f64 = 2.0;

/// Compares novelty scores; `None` if the file or the checkpoint has none.
pub fn compare(
    rule: Option<NoveltyRule>,
    expected: Option<&[f64]>,
    found: Option<&[f64]>,
) -> Option<NoveltyCheck> {
    let (rule, expected, found) = (rule?, expected?, found?);
    let pairs = || expected.iter().zip(found);
    let difference = |(e, f): (&f64, &f64)| (e - f).abs() / e.abs().max(rule.threshold);
    // NaN, which no comparison finds, counts as infinite.
    let number = |difference: f64| {
        if difference.is_nan() {
            f64::INFINITY
        } else {
            difference
        }
    };
    Some(NoveltyCheck {
        max_difference: pairs().map(difference).map(number).fold(0.0, f64::max),
        flagged: found.iter().filter(|&&score| rule.flags(score)).count(),
        changed: pairs()
            .filter(|&(&e, &f)| rule.flags(e) != rule.flags(f))
            .count(),
    })
}

/// The reason why the novelty score of a file fails, if it does.
pub fn failure(found: &NoveltyCheck, images: usize) -> Option<String> {
    let too_many = found.changed > 1 && found.changed as f64 > CHANGES / 100.0 * images as f64;
    (too_many || !found.max_difference.is_finite()).then(|| {
        format!(
            "{} of {images} images are on the other side of its threshold",
            found.changed
        )
    })
}

/// How the scores of a float32 file disagree with the checkpoint's, if they do.
pub fn disagreement(found: &NoveltyCheck) -> Option<String> {
    let difference = found.max_difference;
    (difference > TOLERANCE).then(|| {
        format!(
            "a novelty score differs by {difference:.1e} of itself; at most {TOLERANCE:.0e} is allowed"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::part::Part;

    #[test]
    fn novelty_scores_may_change_sides_on_two_of_a_hundred_images_and_nan_is_refused() {
        let rule = NoveltyRule::new(vec![1.0], Part::Val);
        let found_by = |found: &[f64]| compare(rule, Some(&[0.5; 100]), Some(found)).unwrap();
        let with = |wrong: &[f64]| found_by(&[wrong, &vec![0.6; 100 - wrong.len()]].concat());
        assert!((with(&[]).max_difference - 0.1).abs() < 1e-12);
        assert_eq!(failure(&with(&[2.0, 2.0]), 100), None);
        let why = failure(&with(&[2.0; 3]), 100).unwrap();
        assert!(why.starts_with("3 of 100 images"), "{why}");
        assert!(failure(&with(&[f64::NAN]), 100).is_some());
        assert_eq!(compare(rule, Some(&[0.5]), None), None);
    }
}
