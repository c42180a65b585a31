//! How many images of a split the novelty score flags.

use serde::{Deserialize, Serialize};

use crate::model::novelty_rule::NoveltyRule;

/// How many images of a split the novelty score flags.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlaggedImages {
    /// The images that were scored.
    pub images: usize,
    /// Those above the threshold, which do not look like dermatoscopic photographs to the network.
    pub flagged: usize,
    /// The threshold; 1 for scores of several networks, each divided by its own threshold.
    pub threshold: f64,
}

impl FlaggedImages {
    /// Counts the scores above the threshold.
    pub fn new(rule: NoveltyRule, scores: &[f64]) -> Self {
        Self {
            images: scores.len(),
            flagged: scores.iter().filter(|&&score| rule.flags(score)).count(),
            threshold: rule.threshold,
        }
    }

    /// A part of a sentence.
    pub fn in_words(&self) -> String {
        let percent = 100.0 * self.flagged as f64 / self.images.max(1) as f64;
        let Self {
            images, flagged, ..
        } = self;
        format!("{flagged} of {images} images ({percent:.1} %) do not look dermatoscopic")
    }
}
