//! The interface of everything that predicts: checkpoints, ONNX, TFLite and TorchScript files, test-time augmentation.

use crate::artifact::description::{Abstention, Threshold};
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::novelty_rule::NoveltyRule;
use crate::probabilities::Probabilities;
use crate::{Class, ClassList, Error, Result};

/// What a model says of a batch of images, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// The probabilities of each image.
    pub probabilities: Vec<Probabilities>,
    /// The novelty score of each image, 0 or more but for rounding; `None` if the model has none.
    pub novelty: Option<Vec<f64>>,
}

/// A model that predicts probabilities of prepared images.
pub trait Classifier {
    /// The classes, in the order of the probabilities.
    fn classes(&self) -> ClassList;

    /// The resize rule for its input images.
    fn resize(&self) -> ResizeRule;

    /// The checkpoint metadata, including the lesions that it was trained and selected on. `None` for an exported file
    /// without its `checkpoint.json`.
    fn metadata(&self) -> Option<&CheckpointMetadata>;

    /// The decision rules.
    fn decisions(&self) -> &Decisions;

    /// The decision thresholds. None for a checkpoint: `skinlesion export` selects them on the probabilities of the
    /// checkpoint, or of its folds' networks, for all files of an export. Those of a file may differ a little, most in
    /// int8.
    fn thresholds(&self) -> &[Threshold] {
        &[]
    }

    /// The abstention rule, selected like [`Classifier::thresholds`].
    fn abstention(&self) -> Option<Abstention> {
        None
    }

    /// The threshold of the novelty scores of [`Classifier::outputs`]. `None`: it has no scores.
    fn novelty(&self) -> Option<NoveltyRule> {
        None
    }

    /// The number of networks whose probabilities are averaged ([`super::ensemble::Ensemble`]).
    fn networks(&self) -> usize {
        1
    }

    /// Whether probabilities are means over the symmetric views of an image
    /// ([`super::tta::TestTimeAugmentation`]).
    fn uses_tta(&self) -> bool {
        false
    }

    /// Predicts a batch of prepared images, each as [`crate::imaging::resize::resize`] returns it.
    fn outputs(&self, images: &[&[u8]]) -> Result<Outputs>;

    /// The probabilities of [`Classifier::outputs`].
    fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>> {
        Ok(self.outputs(images)?.probabilities)
    }

    /// The Grad-CAM map of a prepared image for a class: a square grid in row order, values from 0 up
    /// ([`crate::model::inference_network::InferenceNetwork::grad_cam`]). `None` where it is not accessible: only
    /// checkpoints and ONNX files give it.
    fn grad_cam(&self, _image: &[u8], _class: Class) -> Result<Option<Vec<f32>>> {
        Ok(None)
    }
}

/// The largest difference of a sum of probabilities from 1: the outputs of an int8 file have steps of 1/256.
const SUM_TOLERANCE: f64 = 0.05;

impl From<Vec<Probabilities>> for Outputs {
    /// Without novelty scores.
    fn from(probabilities: Vec<Probabilities>) -> Self {
        Self {
            probabilities,
            novelty: None,
        }
    }
}

impl Outputs {
    /// Without images; with novelty scores if `has_novelty`.
    pub fn none(has_novelty: bool) -> Self {
        Self {
            probabilities: Vec::new(),
            novelty: has_novelty.then(Vec::new),
        }
    }

    /// Appends those of further images. If these have no scores, none has.
    pub fn extend(&mut self, others: Self) {
        self.probabilities.extend(others.probabilities);
        self.novelty = match (self.novelty.take(), others.novelty) {
            (Some(scores), Some(more)) => Some([scores, more].concat()),
            _ => None,
        };
    }

    /// The novelty score of an image.
    pub fn novelty_of(&self, image: usize) -> Option<f64> {
        self.novelty.as_ref()?.get(image).copied()
    }
}

/// Refuses novelty scores that are not one number for each image. `name` is the path of the network.
pub fn checked_novelty(name: &str, images: usize, scores: Vec<f64>) -> Result<Vec<f64>> {
    let numbers = scores.iter().filter(|score| score.is_finite()).count();
    if (numbers, scores.len()) == (images, images) {
        return Ok(scores);
    }
    let problem = format!("it gave {numbers} finite novelty scores to {images} images");
    let remedy = "The network is damaged: use another, or export the checkpoint again.";
    Err(Error::input(name, problem, remedy))
}

/// Refuses answers that are no probabilities, or not one row for each image. `name` is the path of the network.
pub fn checked(name: &str, images: usize, rows: Vec<Probabilities>) -> Result<Vec<Probabilities>> {
    let is_probability = |p: &f64| (0.0..=1.0 + SUM_TOLERANCE).contains(p);
    let is_valid = |row: &Probabilities| {
        row.iter().all(is_probability) && (row.iter().sum::<f64>() - 1.0).abs() <= SUM_TOLERANCE
    };
    let problem = match rows.iter().find(|row| !is_valid(row)) {
        Some(row) => {
            let row: &[f64] = row;
            format!(
                "its answer {row:?} is not {} probabilities that sum to 1",
                row.len()
            )
        }
        None if rows.len() != images => {
            format!("it gave {} answers to {images} images", rows.len())
        }
        None => return Ok(rows),
    };
    Err(Error::input(
        name,
        problem,
        "The network is damaged, or its training diverged: use another, or export the checkpoint again.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham10000;

    #[test]
    fn answers_that_are_no_probabilities_are_refused_and_name_the_network() {
        let sound = Probabilities::new(ham10000(), [0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1]);
        let of = |row: &Probabilities| vec![row.clone()];
        assert_eq!(checked("net", 1, of(&sound)).unwrap(), of(&sound));
        assert!(checked("net", 2, of(&sound)).is_err());
        for wrong in [f64::NAN, f64::INFINITY, -0.1, 1.2] {
            let mut row = sound.clone();
            row[3] = wrong;
            let error = checked("net", 1, vec![row]).unwrap_err().to_string();
            assert!(error.starts_with("net: "), "{error}");
        }
        assert!(checked("net", 1, vec![Probabilities::zeros(ham10000())]).is_err());
    }
}
