//! The interface of everything that predicts: checkpoints, ONNX, TFLite and TorchScript files, test-time augmentation.

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

    /// Whether probabilities are means over the symmetric views of an image
    /// ([`super::tta::TestTimeAugmentation`]).
    fn uses_tta(&self) -> bool {
        false
    }

    /// Predicts a batch of prepared images, each as [`crate::imaging::resize::resize`] returns it.
    fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>>;

    /// The Grad-CAM map of a prepared image for a class: a square grid in row order, values from 0 up
    /// ([`crate::model::inference_network::InferenceNetwork::grad_cam`]). `None` for an exported file, whose
    /// activations are not accessible.
    fn grad_cam(&self, _image: &[u8], _class: Diagnosis) -> Result<Option<Vec<f32>>> {
        Ok(None)
    }
}
