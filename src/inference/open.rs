//! Opens whatever file or folder a user names as a [`Classifier`].

use std::path::{Path, PathBuf};

use tch::Device;

use super::checkpoint::CheckpointClassifier;
use super::classifier::Classifier;
use super::onnx::OnnxClassifier;
use super::tflite::TfliteClassifier;
use super::torchscript::TorchScriptClassifier;
use super::tta::Averaged;
use crate::Result;
use crate::artifact::package;
use crate::model::checkpoint_metadata;

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
    checkpoint_metadata::locate(&package::locate(path))
}
