//! Selective prediction: how good a network is on what it is most certain of, when the rest goes to a person
//! (El-Yaniv & Wiener 2010).

use serde::{Deserialize, Serialize};

use super::{Confusion, Predictions, ranking};
use crate::Diagnosis;

/// What is left when the least certain images are handed on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Share of the images that the network answers, 0–1.
    pub coverage: f64,
    /// The least probability of a likeliest class among them.
    pub least_confidence: f64,
    /// Share of them that are answered rightly.
    pub accuracy: f64,
    /// Mean recall of the classes among them.
    pub balanced_accuracy: f64,
    /// Melanomas among those handed on.
    pub melanomas_handed_on: usize,
    /// Melanomas among those answered with something else: missed.
    pub melanomas_missed: usize,
}

/// The shares of images answered that are listed.
const COVERAGES: [f64; 11] = [
    0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95, 1.0,
];

/// What the network is worth at each of several coverages, ascending; nothing without images. Confidence is the
/// likeliest class's probability; of equally certain images the earlier ones are kept.
pub fn coverages(predictions: &Predictions) -> Vec<Coverage> {
    let n = predictions.truths.len();
    let confidence = |&image: &usize| {
        let row = &predictions.probabilities[image];
        row[ranking::likeliest(row).index()]
    };
    let mut images: Vec<usize> = (0..n).collect();
    images.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    let is_melanoma = |&&image: &&usize| predictions.truths[image] == Diagnosis::Mel;
    let at = |share: f64| {
        let kept = ((share * n as f64).round() as usize).clamp(1, n);
        let (answered, handed_on) = images.split_at(kept);
        let pairs = answered.iter().map(|&image| {
            let guess = ranking::likeliest(&predictions.probabilities[image]);
            (predictions.truths[image], guess)
        });
        let confusion = Confusion::count(pairs);
        Some(Coverage {
            coverage: kept as f64 / n as f64,
            least_confidence: confidence(answered.last()?),
            accuracy: confusion.accuracy()?,
            balanced_accuracy: confusion.balanced_accuracy()?,
            melanomas_handed_on: handed_on.iter().filter(is_melanoma).count(),
            melanomas_missed: confusion.support(Diagnosis::Mel) - confusion.hits(Diagnosis::Mel),
        })
    };
    if n == 0 {
        return Vec::new();
    }
    COVERAGES.into_iter().filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_certain_are_handed_on_first() {
        let (mel, nv) = (Diagnosis::Mel, Diagnosis::Nv);
        let mut predictions = Predictions::default();
        // Two melanomas taken for nevi, the second with little certainty.
        for (truth, nevus) in [(nv, 0.99), (mel, 0.95), (nv, 0.9), (mel, 0.51)] {
            let mut row = [0.0; Diagnosis::COUNT];
            row[nv.index()] = nevus;
            row[mel.index()] = 1.0 - nevus;
            predictions.image_ids.push(String::new());
            predictions.truths.push(truth);
            predictions.probabilities.push(row);
        }
        let found = coverages(&predictions);
        let (half, whole) = (found[0], found[10]);
        assert_eq!((half.coverage, half.accuracy), (0.5, 0.5));
        assert_eq!((half.melanomas_handed_on, half.melanomas_missed), (1, 1));
        assert_eq!(half.least_confidence, 0.95);
        assert_eq!((whole.coverage, whole.least_confidence), (1.0, 0.51));
        assert_eq!((whole.melanomas_handed_on, whole.melanomas_missed), (0, 2));
        assert!(coverages(&Predictions::default()).is_empty());
    }
}
