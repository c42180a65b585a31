//! The interface of everything that predicts: checkpoints, ONNX, TFLite and TorchScript files, test-time augmentation.

use crate::artifact::description::{Abstention, Threshold};
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::probabilities::Probabilities;
use crate::{Diagnosis, Result};

/// A model that predicts probabilities of prepared images.
pub trait Classifier {
    /// The resize rule for its input images.
    fn resize(&self) -> ResizeRule;

    /// The checkpoint metadata, including the lesions that it was trained and selected on. `None` for an exported file
    /// without its `checkpoint.json`.
    fn metadata(&self) -> Option<&CheckpointMetadata>;

    /// The decision rules.
    fn decisions(&self) -> &Decisions;

    /// The decision thresholds, selected on this classifier's probabilities. None for a checkpoint: `skinlesion export`
    /// selects them.
    fn thresholds(&self) -> &[Threshold] {
        &[]
    }

    /// The abstention rule, selected on this classifier's probabilities.
    fn abstention(&self) -> Option<Abstention> {
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
    fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>>;

    /// The Grad-CAM map of a prepared image for a class: a square grid in row order, values from 0 up
    /// ([`crate::model::inference_network::InferenceNetwork::grad_cam`]). `None` where it is not accessible: only
    /// checkpoints and ONNX files give it.
    fn grad_cam(&self, _image: &[u8], _class: Diagnosis) -> Result<Option<Vec<f32>>> {
        Ok(None)
    }
}
