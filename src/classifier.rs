//! Anything that turns prepared images into probabilities: a checkpoint, a TorchScript, ONNX or TFLite file.
//! `eval`, `predict` and the exporters' checks see only this, so that all are scored alike.

mod tta;

use std::path::{Path, PathBuf};

use tch::Device;

use crate::engines::onnx::OnnxClassifier;
use crate::engines::tflite::TfliteClassifier;
use crate::engines::torchscript::TorchScriptClassifier;
use crate::export::package;
use crate::model::checkpoint::{self, About};
use crate::model::inference::CheckpointClassifier;
use crate::preprocess::ResizeRule;
use crate::{Diagnosis, Result};

pub use tta::Averaged;

/// Seven probabilities in class order, summing to 1.
pub type Probabilities = [f64; Diagnosis::COUNT];

/// The diagnoses, likeliest first, with their probabilities. Equal ones stay in class order.
pub fn ranked(probabilities: &Probabilities) -> [(Diagnosis, f64); Diagnosis::COUNT] {
    let mut ranked = Diagnosis::ALL.map(|diagnosis| (diagnosis, probabilities[diagnosis.index()]));
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked
}

/// A network ready to run.
pub trait Classifier {
    /// How images must be prepared for it.
    fn resize(&self) -> ResizeRule;

    /// What its checkpoint says of itself, so of the lesions that it must not be scored on. `None` for an
    /// exported file that lies without its `checkpoint.json`.
    fn about(&self) -> Option<&About>;

    /// Whether its answers are means over the symmetric views of an image, as [`Averaged`] gives them.
    fn is_averaged(&self) -> bool {
        false
    }

    /// The probabilities of some prepared images, given one after the other as
    /// [`crate::preprocess::resize`] returns them. The caller chooses the batch by how many it gives.
    fn probabilities(&self, images: &[&[u8]]) -> Result<Vec<Probabilities>>;

    /// How much each region of a prepared image speaks for a class: the rows of a square grid, from 0 up
    /// ([`crate::model::inference::InferenceNetwork::attention`]). `None` for an exported file, which shows
    /// only its answers.
    fn attention(&self, _image: &[u8], _class: Diagnosis) -> Result<Option<Vec<f32>>> {
        Ok(None)
    }
}

/// Opens a checkpoint file or folder, or an exported file (`.pt`, `.onnx`, `.tflite`); with `tta`, to be asked about
/// the eight symmetric views of each image.
pub fn open_with(path: &Path, device: Device, tta: bool) -> Result<Box<dyn Classifier>> {
    let classifier = open(path, device)?;
    Ok(if tta {
        Box::new(Averaged::new(classifier))
    } else {
        classifier
    })
}

/// Opens a checkpoint file or folder, a TorchScript file (`.pt`), an ONNX file (`.onnx`) or a TFLite file (`.tflite`),
/// or the first of them in an export folder.
pub fn open(path: &Path, device: Device) -> Result<Box<dyn Classifier>> {
    let path = &locate(path);
    let extension = path.extension().and_then(|extension| extension.to_str());
    Ok(match extension {
        Some("onnx") => Box::new(OnnxClassifier::open(path)?),
        Some("tflite") => Box::new(TfliteClassifier::open(path)?),
        Some("pt") => Box::new(TorchScriptClassifier::open(path, device)?),
        _ => Box::new(CheckpointClassifier::open(path, device)?),
    })
}

/// The file that is opened when a user names a path: in an export folder its network, in any other folder the
/// best checkpoint.
pub fn locate(path: &Path) -> PathBuf {
    checkpoint::locate(&package::locate(path))
}
