//! The threshold of the novelty score, in the metadata of checkpoints and exported files. It can be read without
//! libtorch.

use serde::{Deserialize, Serialize};

use crate::dataset::part::Part;

/// The threshold of the novelty score: a photograph above it does not look like a dermatoscopic photograph.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoveltyRule {
    /// The largest score that passes, 0 or more.
    pub threshold: f64,
    /// The fraction of the images of `chosen_on` that pass.
    pub passes: f64,
    /// The images that the threshold was chosen on. `train`: images of half of the training lesions, with statistics
    /// of the other half, for a network without images outside its training.
    pub chosen_on: Part,
    /// Their number.
    pub images: usize,
}

/// The fraction of dermatoscopic images that must pass.
const WANTED: f64 = 0.97;

impl NoveltyRule {
    /// The lowest threshold that at least 97 % of these scores pass; `None` without scores, and if one is no number.
    pub fn new(mut scores: Vec<f64>, chosen_on: Part) -> Option<Self> {
        let images = scores.len();
        scores.sort_by(f64::total_cmp);
        let last = (WANTED * images as f64).ceil() as usize;
        let threshold = *scores.get(last.checked_sub(1)?)?;
        let passing = scores.iter().filter(|&&score| score <= threshold).count();
        scores.iter().all(|score| score.is_finite()).then(|| Self {
            threshold: threshold.max(f64::MIN_POSITIVE),
            passes: passing as f64 / images as f64,
            chosen_on,
            images,
        })
    }

    /// Whether a score is too high for a dermatoscopic photograph. A score that is no number is.
    pub fn flags(&self, score: f64) -> bool {
        score.is_nan() || score > self.threshold
    }

    /// Whether the numbers are possible.
    pub fn is_valid(&self) -> bool {
        self.threshold.is_finite() && self.threshold > 0.0 && (0.0..=1.0).contains(&self.passes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_seven_of_a_hundred_images_pass_and_a_score_that_is_no_number_does_not() {
        let rule = NoveltyRule::new((1..=100).rev().map(f64::from).collect(), Part::Val).unwrap();
        assert_eq!((rule.threshold, rule.passes), (97.0, 0.97));
        assert!(!rule.flags(97.0) && rule.flags(97.1) && rule.flags(f64::NAN));
    }

    #[test]
    fn of_few_images_all_pass_and_none_or_no_numbers_give_no_rule() {
        let rule = NoveltyRule::new(vec![3.0, 1.0, 2.0], Part::Val).unwrap();
        assert_eq!((rule.threshold, rule.passes, rule.images), (3.0, 1.0, 3));
        assert_eq!(NoveltyRule::new(Vec::new(), Part::Val), None);
        assert_eq!(NoveltyRule::new(vec![1.0, f64::NAN], Part::Val), None);
    }
}
