//! Opens whatever file or folder a user names as a [`Classifier`].

use std::path::{Path, PathBuf};

use super::classifier::Classifier;
use super::onnx::OnnxClassifier;
use super::tta::TestTimeAugmentation;
#[cfg(not(feature = "torch"))]
use crate::Error;
use crate::Result;
use crate::artifact::package;
use crate::model::checkpoint_metadata::{self, CheckpointMetadata};
use crate::model::device::Device;

/// Opens a checkpoint file or folder, or an exported file (`.pt`, `.onnx`, `.tflite`); with `tta`, to be asked about
/// the eight symmetric views of each image.
pub fn open_with(path: &Path, device: Device, tta: bool) -> Result<Box<dyn Classifier>> {
    let classifier = open(path, device)?;
    Ok(if tta {
        Box::new(TestTimeAugmentation::new(classifier))
    } else {
        classifier
    })
}

/// Opens a checkpoint file or folder, a TorchScript file (`.pt`), an ONNX file (`.onnx`) or a TFLite file (`.tflite`),
/// or the first of them in an export folder. Without libtorch, only ONNX files can be opened.
pub fn open(path: &Path, device: Device) -> Result<Box<dyn Classifier>> {
    let path = &locate(path);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("onnx") => Ok(Box::new(OnnxClassifier::open(path)?)),
        extension => open_with_libtorch(path, extension, device),
    }
}

#[cfg(feature = "torch")]
fn open_with_libtorch(
    path: &Path,
    extension: Option<&str>,
    device: Device,
) -> Result<Box<dyn Classifier>> {
    use super::{checkpoint, tflite, torchscript};
    Ok(match extension {
        Some("tflite") => Box::new(tflite::TfliteClassifier::open(path)?),
        Some("pt") => Box::new(torchscript::TorchScriptClassifier::open(path, device)?),
        _ => Box::new(checkpoint::CheckpointClassifier::open(path, device)?),
    })
}

#[cfg(not(feature = "torch"))]
fn open_with_libtorch(
    path: &Path,
    _extension: Option<&str>,
    _device: Device,
) -> Result<Box<dyn Classifier>> {
    std::fs::metadata(path).map_err(Error::io("read", path))?;
    Err(Error::needs_libtorch(
        path.display().to_string(),
        "only ONNX files can be run without libtorch",
    ))
}

/// What the checkpoint behind a checkpoint or an exported file says of itself, if that is known.
pub fn metadata(path: &Path, device: Device) -> Result<Option<CheckpointMetadata>> {
    let file = locate(path);
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("onnx" | "tflite" | "pt") => Ok(open(path, device)?.metadata().cloned()),
        _ => CheckpointMetadata::read(&file).map(Some),
    }
}

/// The file that is opened when a user names a path: in an export folder its network, in any other folder the
/// best checkpoint.
pub fn locate(path: &Path) -> PathBuf {
    checkpoint_metadata::locate(&package::locate(path))
}
