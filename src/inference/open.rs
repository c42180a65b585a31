//! Opens a file or folder as a [`Classifier`].

use std::path::{Path, PathBuf};

use super::classifier::Classifier;
use super::ensemble::Ensemble;
use super::onnx::OnnxClassifier;
use super::tta::TestTimeAugmentation;
#[cfg(not(feature = "torch"))]
use crate::Error;
use crate::Result;
use crate::artifact::{package, released};
use crate::model::checkpoint_metadata::{self, CheckpointMetadata};
use crate::model::device::Device;

/// As [`open`]; with `tta`, wrapped in test-time augmentation over the eight symmetric views of each image.
pub fn open_with(path: &Path, device: Device, tta: bool) -> Result<Box<dyn Classifier>> {
    Ok(averaged(open(path, device)?, tta))
}

/// Opens several networks as an ensemble, whose probabilities are the means over them; one alone as [`open_with`].
///
/// # Errors
/// No path, and networks that take images of different resize rules.
pub fn open_all(paths: &[PathBuf], device: Device, tta: bool) -> Result<Box<dyn Classifier>> {
    if let [path] = paths {
        return open_with(path, device, tta);
    }
    let opened = paths
        .iter()
        .map(|path| Ok((path.clone(), open(path, device)?)));
    let ensemble = Ensemble::new(opened.collect::<Result<_>>()?)?;
    Ok(averaged(Box::new(ensemble), tta))
}

/// As [`open_with`], for many images: a checkpoint computes in bf16 on a CPU that does so natively.
pub fn open_reduced(path: &Path, device: Device, tta: bool) -> Result<Box<dyn Classifier>> {
    let file = locate(&released::resolve(path)?);
    #[cfg(feature = "torch")]
    if !is_exported(&file) {
        let classifier = super::checkpoint::CheckpointClassifier::open_reduced(&file, device)?;
        return Ok(averaged(Box::new(classifier), tta));
    }
    open_with(&file, device, tta)
}

fn averaged(classifier: Box<dyn Classifier>, tta: bool) -> Box<dyn Classifier> {
    match tta {
        true => Box::new(TestTimeAugmentation::new(classifier)),
        false => classifier,
    }
}

/// Whether a file is an exported one by its extension, and not a checkpoint.
fn is_exported(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("onnx" | "tflite" | "pt"))
}

/// Opens a checkpoint file or folder, a TorchScript (`.pt`), ONNX (`.onnx`) or TFLite (`.tflite`) file, the first model
/// of an export folder, or the released network ([`released::resolve`]). Without libtorch, only ONNX files can be opened.
pub fn open(path: &Path, device: Device) -> Result<Box<dyn Classifier>> {
    let path = &locate(&released::resolve(path)?);
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

/// The checkpoint metadata of a checkpoint or an exported file; `None` for an exported file without it.
pub fn metadata(path: &Path, device: Device) -> Result<Option<CheckpointMetadata>> {
    let file = locate(&released::resolve(path)?);
    match is_exported(&file) {
        true => Ok(open(path, device)?.metadata().cloned()),
        false => CheckpointMetadata::read(&file).map(Some),
    }
}

/// The file that [`open`] reads for a path: the first model of an export folder, the best checkpoint of any other
/// folder.
pub fn locate(path: &Path) -> PathBuf {
    let path = released::resolve(path).unwrap_or_else(|_| path.to_owned());
    checkpoint_metadata::locate(&package::locate(&path))
}
