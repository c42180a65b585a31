//! Selective prediction: metrics of the most confident predictions, when all others are referred to a person
//! (El-Yaniv & Wiener 2010).

use serde::{Deserialize, Serialize};

use super::{Confusion, Predictions};

/// Metrics at one coverage: the least confident images are referred.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Share of images that are not referred, 0–1.
    pub coverage: f64,
    /// The lowest confidence among them. Confidence is the probability of the predicted class.
    pub least_confidence: f64,
    /// Their accuracy.
    pub accuracy: f64,
    /// Their balanced accuracy.
    pub balanced_accuracy: f64,
    /// Melanomas among the referred images.
    pub melanomas_handed_on: usize,
    /// Melanomas missed: not referred, and predicted as another class.
    pub melanomas_missed: usize,
}

/// The coverages that are listed.
const COVERAGES: [f64; 11] = [
    0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95, 1.0,
];

/// Metrics at coverages of 50 % to 100 %, ascending; empty without images. Of images with equal confidence, the later
/// ones are referred first.
pub fn coverages(predictions: &Predictions) -> Vec<Coverage> {
    let n = predictions.truths.len();
    let confidence = |&image: &usize| {
        let row = &predictions.probabilities[image];
        row[row.argmax().index()]
    };
    let mut images: Vec<usize> = (0..n).collect();
    images.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    let melanoma = predictions.classes.melanoma();
    let is_melanoma = |&&image: &&usize| Some(predictions.truths[image]) == melanoma;
    let at = |share: f64| {
        let kept = ((share * n as f64).round() as usize).clamp(1, n);
        let (accepted, referred) = images.split_at(kept);
        let pairs = accepted.iter().map(|&image| {
            let predicted = predictions.probabilities[image].argmax();
            (predictions.truths[image], predicted)
        });
        let confusion = Confusion::count(predictions.classes, pairs);
        Some(Coverage {
            coverage: kept as f64 / n as f64,
            least_confidence: confidence(accepted.last()?),
            accuracy: confusion.accuracy()?,
            balanced_accuracy: confusion.balanced_accuracy()?,
            melanomas_handed_on: referred.iter().filter(is_melanoma).count(),
            melanomas_missed: melanoma
                .map_or(0, |class| confusion.support(class) - confusion.hits(class)),
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
    use crate::classes::{ham, ham10000};
    use crate::probabilities::Probabilities;

    #[test]
    fn the_least_confident_images_are_referred_first() {
        let (mel, nv) = (ham("mel"), ham("nv"));
        let mut predictions = Predictions::new(ham10000());
        // Two melanomas predicted as nevi, the second with low confidence.
        for (truth, nevus) in [(nv, 0.99), (mel, 0.95), (nv, 0.9), (mel, 0.51)] {
            let mut row = Probabilities::zeros(ham10000());
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
        assert!(coverages(&Predictions::new(ham10000())).is_empty());
    }
}
