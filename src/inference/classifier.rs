//! Anything that turns prepared images into probabilities: a checkpoint, a TorchScript, ONNX or TFLite file.
//! `eval`, `predict` and the exporters' checks see only this, so that all are scored alike.

use crate::imaging::resize::ResizeRule;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::probabilities::Probabilities;
use crate::{Diagnosis, Result};

/// A network ready to run.
pub trait Classifier {
    /// How images must be prepared for it.
    fn resize(&self) -> ResizeRule;

    /// What its checkpoint says of itself, so of the lesions that it must not be scored on. `None` for an
    /// exported file that lies without its `checkpoint.json`.
    fn metadata(&self) -> Option<&CheckpointMetadata>;

    /// Whether its answers are means over the symmetric views of an image, as [`TestTimeAugmentation`] gives them.
    fn uses_tta(&self) -> bool {
        false
    }

    /// The probabilities of some prepared images, given one after the other as
    /// [`crate::imaging::resize::resize`] returns them. The caller chooses the batch by how many it gives.
    fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>>;

    /// How much each region of a prepared image speaks for a class: the rows of a square grid, from 0 up
    /// ([`crate::model::inference_network::InferenceNetwork::grad_cam`]). `None` for an exported file, which shows
    /// only its answers.
    fn grad_cam(&self, _image: &[u8], _class: Diagnosis) -> Result<Option<Vec<f32>>> {
        Ok(None)
    }
}
