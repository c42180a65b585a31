//! Anything that turns prepared images into probabilities: a checkpoint, a TorchScript file, an ONNX file.
//! `eval`, `predict` and the exporters' checks see only this, so that all are scored alike.

use std::path::Path;

use tch::Device;

use crate::model::inference::CheckpointClassifier;
use crate::preprocess::ResizeRule;
use crate::{Diagnosis, Result};

/// Seven probabilities in class order, summing to 1.
pub type Probabilities = [f64; Diagnosis::COUNT];

/// A network ready to run.
pub trait Classifier {
    /// How images must be prepared for it.
    fn resize(&self) -> ResizeRule;

    /// The probabilities of some prepared images, given one after the other as
    /// [`crate::preprocess::resize`] returns them. The caller chooses the batch by how many it gives.
    fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>>;
}

/// Opens a checkpoint file or folder, a TorchScript file (`.pt`) or an ONNX file (`.onnx`).
pub fn open(path: &Path, device: Device) -> Result<Box<dyn Classifier>> {
    Ok(Box::new(CheckpointClassifier::open(path, device)?))
}
