//! A checkpoint as files that phones and other programs run. Sees only the folded network
//! ([`crate::model::fold`]), never the training code.
//!
//! Each format has a writer ([`torchscript`], [`onnx`], [`tflite`]), each written file is run again and compared
//! ([`verify`]), and [`package`] puts beside them what an app needs to know ([`description`], [`golden`]).

pub mod card;
pub mod description;
mod format;
pub mod golden;
pub mod images;
pub mod interface;
pub mod onnx;
pub mod package;
pub mod quantize;
pub mod readme;
pub mod tflite;
pub mod torchscript;
pub mod verify;

use std::path::{Path, PathBuf};

use tch::Device;

pub use format::{Family, Format, Precision, UnknownFormat};

use crate::classifier::{self, Probabilities};
use crate::model::checkpoint::{self, About, Checkpoint};
use crate::model::fold::FoldedNetwork;
use crate::model::inference::CheckpointClassifier;
use crate::progress::Progress;
use crate::{Error, Result, files};
use description::{Description, FileDescription};
use images::Images;
use interface::{InputKind, Interface};
use package::Written;
use quantize::{QuantizedNetwork, RangeRule};
use verify::Verdict;

/// The network that is exported.
#[derive(Debug)]
pub struct Source {
    /// The file that it was read from.
    pub path: PathBuf,
    /// SHA-256 of its checkpoint's file.
    pub sha256: String,
    /// What its checkpoint says of itself.
    pub about: About,
    /// The network, batch norm and temperature folded.
    pub network: FoldedNetwork,
}

impl Source {
    /// Reads a checkpoint file or folder; or, for those who have no checkpoint, an export folder or its `model.onnx`, which
    /// holds the same numbers.
    pub fn read(path: &Path) -> Result<Self> {
        let exported = package::locate(path);
        if exported
            .extension()
            .is_some_and(|extension| extension == "onnx")
        {
            return Self::read_exported(exported);
        }
        let path = checkpoint::locate(path);
        let checkpoint = Checkpoint::read(&path)?;
        let network = checkpoint.folded()?;
        let mut about = checkpoint.about;
        about.config = without_folders(&about.config);
        Ok(Self {
            sha256: files::sha256_file(&path)?,
            network,
            about,
            path,
        })
    }

    fn read_exported(path: PathBuf) -> Result<Self> {
        let (sha256, about) = package::provenance(&path)?;
        Ok(Self {
            network: onnx::read(&path, about.architecture)?,
            sha256,
            about,
            path,
        })
    }

    /// The network's own answers to some images: what every file is compared with.
    pub fn answers(&self, images: &Images, progress: &dyn Progress) -> Result<Vec<Probabilities>> {
        let network = CheckpointClassifier::folded(&self.network, self.about.clone(), Device::Cpu)?;
        verify::answers(&network, "the checkpoint", images, progress)
    }
}

/// A configuration whose teachers are named without their folders, which are nobody's business once the network is
/// passed on.
fn without_folders(config: &str) -> String {
    let Ok(mut table) = config.parse::<toml::Table>() else {
        return config.to_owned();
    };
    let teachers = table.get_mut("teachers").and_then(|t| t.as_array_mut());
    for teacher in teachers.into_iter().flatten() {
        let path = teacher.as_str().map(Path::new);
        if let Some(name) = path.and_then(Path::file_name) {
            *teacher = toml::Value::String(name.to_string_lossy().into_owned());
        }
    }
    toml::to_string_pretty(&table).unwrap_or_default()
}

/// What is written of a network, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The files' formats.
    pub formats: Vec<Format>,
    /// What the files take.
    pub input: InputKind,
    /// Whether ONNX files take images of any size.
    pub resizes: bool,
    /// How the grids of int8 files are chosen.
    pub ranges: RangeRule,
    /// How many points of balanced accuracy or melanoma recall an int8 file may lose, 0–100.
    pub tolerance: f64,
}

/// A file that was written and removed again, because it was worth too little.
#[derive(Clone, Debug)]
pub struct Lost {
    /// Its format.
    pub format: Format,
    /// What was lost.
    pub why: String,
}

/// What files are checked and calibrated with.
pub struct Material<'a> {
    /// Images to compare on.
    pub images: &'a Images,
    /// The checkpoint's own answers to them ([`Source::answers`]).
    pub answers: &'a [Probabilities],
    /// Prepared training images for int8 files.
    pub calibration: &'a [Vec<u8>],
}

/// Writes the network in each format of the plan, runs each file again and compares it with the checkpoint.
///
/// A file of full precision that disagrees is an error, and the caller must then drop the folder; one of less precision
/// is removed and listed among the lost.
pub fn write(
    source: &Source,
    description: &Description,
    plan: &Plan,
    folder: &Path,
    material: &Material,
    progress: &dyn Progress,
) -> Result<(Vec<Written>, Vec<Lost>)> {
    let (mut written, mut lost) = (Vec::new(), Vec::new());
    let quantized = whole_numbers(source, plan, material.calibration, progress)?;
    for &format in plan.formats.iter().filter(|&&f| f != Format::Web) {
        let path = folder.join(format.file_name());
        let about = |resizes| FileDescription {
            description,
            interface: Interface::new(format, description.resize, plan.input, resizes),
        };
        let mut final_about = about(false);
        write_one(source, quantized.as_ref(), format, &path, &final_about)?;
        let classifier = classifier::open(&path, Device::Cpu)?;
        let verdict = verify::check(format, &*classifier, material, plan.tolerance, progress)?;
        match verdict {
            Verdict::Good(check) => {
                if plan.resizes && format.family() == Family::Onnx {
                    // What comes after the resize was checked; the engine here has no antialiased one.
                    final_about = about(true);
                    write_one(source, quantized.as_ref(), format, &path, &final_about)?;
                }
                written.push(Written::new(format, &path, final_about.interface, check)?);
            }
            Verdict::Poor(why) => {
                std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
                lost.push(Lost { format, why });
            }
        }
    }
    Ok((written, lost))
}

/// The network in whole numbers, if the plan has a use for it.
fn whole_numbers(
    source: &Source,
    plan: &Plan,
    calibration: &[Vec<u8>],
    progress: &dyn Progress,
) -> Result<Option<QuantizedNetwork>> {
    let wanted = |format: &Format| format.precision() == Precision::Int8;
    if !plan.formats.iter().any(wanted) {
        return Ok(None);
    }
    let images: Vec<&[u8]> = calibration.iter().map(Vec::as_slice).collect();
    let side = source.about.resize.size as usize;
    quantize::quantize(&source.network, &images, side, plan.ranges, progress).map(Some)
}

fn write_one(
    source: &Source,
    quantized: Option<&QuantizedNetwork>,
    format: Format,
    path: &Path,
    about: &FileDescription,
) -> Result<()> {
    let network = &source.network;
    match (format, quantized) {
        (Format::TorchScript, _) => torchscript::write(path, network, about),
        (Format::Onnx, _) => onnx::write(path, network, onnx::Numbers::Single, about),
        (Format::OnnxFp16, _) => onnx::write(path, network, onnx::Numbers::Half, about),
        (Format::OnnxInt8, Some(network)) => onnx::write_int8(path, network, about),
        (Format::Tflite, _) => tflite::write(path, network, about, tflite::Weights::F32),
        (Format::TfliteFp16, _) => tflite::write(path, network, about, tflite::Weights::F16),
        (Format::TfliteInt8, Some(network)) => tflite::write_int8(path, network, about),
        (Format::OnnxInt8 | Format::TfliteInt8, None) | (Format::Web, _) => Ok(()),
    }
}
