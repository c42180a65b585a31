//! Opens a file or folder as a [`Classifier`].

use std::path::{Path, PathBuf};

use super::classifier::Classifier;
use super::ensemble::Ensemble;
use super::onnx::OnnxClassifier;
use super::tta::TestTimeAugmentation;
use crate::artifact::exported_file::is_exported;
use crate::artifact::{package, released};
use crate::model::checkpoint_metadata::{self, CheckpointMetadata};
use crate::model::device::Device;
use crate::{Error, Result};

/// How a network is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Where it runs.
    pub device: Device,
    /// Whether it is wrapped in test-time augmentation over the eight symmetric views of each image.
    pub tta: bool,
    /// Whether TorchScript files are opened: they contain code, which runs with the user's rights.
    pub trust: bool,
}

/// As [`open`], for a file that may be anybody's.
///
/// # Errors
/// Those of [`open`], and a TorchScript file without `trust`.
pub fn open_with(path: &Path, options: Options) -> Result<Box<dyn Classifier>> {
    refuse_untrusted(&located(path)?, options.trust)?;
    Ok(averaged(open(path, options.device)?, options.tta))
}

/// Opens several networks as an ensemble, whose probabilities are the means over them; one alone as [`open_with`].
///
/// # Errors
/// No path, and networks that take images of different resize rules.
pub fn open_all(paths: &[PathBuf], options: Options) -> Result<Box<dyn Classifier>> {
    if let [path] = paths {
        return open_with(path, options);
    }
    let alone = Options {
        tta: false,
        ..options
    };
    let opened = paths
        .iter()
        .map(|path| Ok((path.clone(), open_with(path, alone)?)));
    let ensemble = Ensemble::new(opened.collect::<Result<_>>()?)?;
    Ok(averaged(Box::new(ensemble), options.tta))
}

/// Refuses a TorchScript file unless it is trusted. Without libtorch, no such file is opened at all.
fn refuse_untrusted(file: &Path, trust: bool) -> Result<()> {
    if trust
        || cfg!(not(feature = "torch"))
        || file.extension().is_none_or(|extension| extension != "pt")
    {
        return Ok(());
    }
    // A missing or unreadable file is said to be that.
    std::fs::File::open(file).map_err(Error::io("read", file))?;
    Err(Error::file(
        file,
        "a TorchScript file contains code, which runs with your rights when it is opened",
        "Use the .onnx or .tflite file of the same export, which contain no code. If you trust the author of this file, \
         pass --trust.",
    ))
}

fn averaged(classifier: Box<dyn Classifier>, tta: bool) -> Box<dyn Classifier> {
    match tta {
        true => Box::new(TestTimeAugmentation::new(classifier)),
        false => classifier,
    }
}

/// Opens a checkpoint file or folder, a TorchScript (`.pt`), ONNX (`.onnx`) or TFLite (`.tflite`) file, the first model
/// of an export folder, or the released network ([`released::resolve`]). Without libtorch, only ONNX files can be
/// opened. Code in a TorchScript file is run.
pub fn open(path: &Path, device: Device) -> Result<Box<dyn Classifier>> {
    let path = &located(path)?;
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
    crate::reading::open(path)?;
    Err(Error::needs_libtorch(
        path.display().to_string(),
        "only ONNX files can be run without libtorch",
    ))
}

/// The checkpoint metadata of a checkpoint or an exported file; `None` for an exported file without it.
///
/// # Errors
/// Those of [`open_with`].
pub fn metadata(path: &Path, options: Options) -> Result<Option<CheckpointMetadata>> {
    let file = located(path)?;
    match is_exported(&file) {
        true => Ok(open_with(path, options)?.metadata().cloned()),
        false => CheckpointMetadata::read(&file).map(Some),
    }
}

/// As [`locate`].
///
/// # Errors
/// A folder without a network.
pub fn located(path: &Path) -> Result<PathBuf> {
    checkpoint_metadata::located(&package::locate(&released::resolve(path)?))
}

/// The file that [`open`] reads for a path: the first model of an export folder, the best checkpoint of any other
/// folder.
pub fn locate(path: &Path) -> PathBuf {
    let path = released::resolve(path).unwrap_or_else(|_| path.to_owned());
    checkpoint_metadata::locate(&package::locate(&path))
}
