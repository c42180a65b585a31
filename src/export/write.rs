//! Writes a network in several formats and verifies each file.

use std::path::Path;

use tch::Device;

use super::inputs::ExportInputs;
use super::quantize::{self, QuantizedNetwork, RangeRule};
use super::source::ExportSource;
use super::verify::{self, Verification};
use super::{onnx, tflite, torchscript};
use crate::artifact::description::{Description, FileDescription};
use crate::artifact::exported_file::ExportedFile;
use crate::artifact::format::{Family, FloatPrecision, Format, Precision};
use crate::artifact::interface::{InputKind, Interface};
use crate::files::temporary::scratch_folder;
use crate::inference::classifier::Classifier;
use crate::inference::open;
use crate::model::fuse::FusedNetwork;
use crate::progress::Progress;
use crate::{Error, Result};

/// The formats and options of an export.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The formats.
    pub formats: Vec<Format>,
    /// The input type.
    pub input: InputKind,
    /// Whether ONNX files accept images of any size and resize them.
    pub resizes: bool,
    /// How the activation ranges of int8 files are selected.
    pub ranges: RangeRule,
    /// The allowed loss of balanced accuracy or melanoma recall of a file of lower precision, in percentage points,
    /// 0–100.
    pub tolerance: f64,
}

/// The network of a fold, and its inputs.
pub struct FoldInputs<'a> {
    /// The network.
    pub source: &'a ExportSource,
    /// Its inputs; its images are those of its validation fold.
    pub inputs: ExportInputs<'a>,
}

/// A format whose file failed verification and was removed.
#[derive(Clone, Debug)]
pub struct FailedFormat {
    /// The format.
    pub format: Format,
    /// The reason.
    pub why: String,
}

/// Writes the network in each format of the plan and verifies each file against the checkpoint.
///
/// `fold` is the network of a fold: int8 files of a network without images to score it on are accepted if those of this
/// one keep its metrics.
///
/// A file of lower precision whose novelty score alone fails is written without it.
///
/// A float32 file that disagrees is an error, after which the caller must drop the folder. A file of lower precision
/// that fails is removed and returned among the failed formats.
pub fn write(
    source: &ExportSource,
    description: &Description,
    plan: &Plan,
    folder: &Path,
    inputs: &ExportInputs,
    fold: Option<&FoldInputs>,
    progress: &dyn Progress,
) -> Result<(Vec<ExportedFile>, Vec<FailedFormat>)> {
    let (mut written, mut failed_formats) = (Vec::new(), Vec::new());
    let quantized = quantized(source, plan, inputs.calibration, progress)?;
    let fold = fold
        .map(|fold| QuantizedFold::new(fold, plan, progress))
        .transpose()?;
    for &format in plan.formats.iter().filter(|&&f| f != Format::Web) {
        let path = folder.join(format.file_name());
        let one = |keeps_novelty| {
            let file = File {
                format,
                path: &path,
                keeps_novelty,
            };
            file.write_and_check(
                source,
                description,
                quantized.as_ref(),
                plan,
                inputs,
                progress,
            )
        };
        // An int8 file of a network without labelled images of its own has the score of its fold's.
        let verified = |keeps_novelty| {
            let (interface, mut verification) = one(keeps_novelty)?;
            if let (Verification::Passed(check), Some(fold), Precision::Int8) =
                (&mut verification, &fold, format.precision())
            {
                match fold.check(format, plan, keeps_novelty, progress)? {
                    Verification::Passed(of_fold) => {
                        check.score = of_fold.score;
                        check.scored = Some(fold.name());
                    }
                    failed => verification = failed,
                }
            }
            Ok::<_, Error>((interface, verification))
        };
        let (mut interface, mut verification) = verified(true)?;
        if let Verification::NoveltyFailed(why) = &verification {
            progress.warn(&format!(
                "{} has no novelty score: {why}",
                format.file_name()
            ));
            (interface, verification) = verified(false)?;
        }
        match verification {
            Verification::Passed(check) => {
                written.push(ExportedFile::new(format, &path, interface, *check)?);
            }
            Verification::Failed(why) | Verification::NoveltyFailed(why) => {
                std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
                failed_formats.push(FailedFormat { format, why });
            }
        }
    }
    Ok((written, failed_formats))
}

/// A file to write.
struct File<'a> {
    format: Format,
    path: &'a Path,
    /// Whether it has the network's novelty score.
    keeps_novelty: bool,
}

impl File<'_> {
    /// Writes the file and compares it with the checkpoint.
    fn write_and_check(
        &self,
        source: &ExportSource,
        description: &Description,
        quantized: Option<&QuantizedNetwork>,
        plan: &Plan,
        inputs: &ExportInputs,
        progress: &dyn Progress,
    ) -> Result<(Interface, Verification)> {
        let mut description = description.clone();
        let mut network = source.network.clone();
        let mut quantized = quantized.cloned();
        if !self.keeps_novelty {
            description.novelty = None;
            network.novelty = None;
            quantized.iter_mut().for_each(|one| one.novelty = None);
        }
        let format = self.format;
        let resizes = plan.resizes && format.family() == Family::Onnx;
        let about = FileDescription {
            description: &description,
            interface: interface(format, &description, plan, resizes),
        };
        write_one(&network, quantized.as_ref(), format, self.path, &about)?;
        let classifier = match resizes {
            true => open_without_resize(self.path)?,
            false => open::open(self.path, Device::Cpu)?,
        };
        let verification = verify::check(format, &*classifier, inputs, plan.tolerance, progress)?;
        Ok((about.interface, verification))
    }
}

/// The interface of a file of this network.
fn interface(format: Format, description: &Description, plan: &Plan, resizes: bool) -> Interface {
    let classes = description.classes.len();
    Interface::new(format, description.resize, plan.input, resizes, classes)
        .with_novelty(description.novelty.is_some())
}

/// Opens a file that resizes its input, as it was written, for images of the network's size.
fn open_without_resize(path: &Path) -> Result<Box<dyn Classifier>> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let bytes = onnx::without_resize(&bytes).map_err(|problem| Error::Disagreement {
        path: path.to_owned(),
        problem,
    })?;
    let folder = scratch_folder()?;
    let copy = folder.path().join(path.file_name().unwrap_or_default());
    std::fs::write(&copy, bytes).map_err(Error::io("write", &copy))?;
    open::open(&copy, Device::Cpu)
}

/// The network of a fold, quantized.
struct QuantizedFold<'a> {
    fold: &'a FoldInputs<'a>,
    network: Option<QuantizedNetwork>,
}

impl<'a> QuantizedFold<'a> {
    fn new(fold: &'a FoldInputs<'a>, plan: &Plan, progress: &dyn Progress) -> Result<Self> {
        Ok(Self {
            network: quantized(fold.source, plan, fold.inputs.calibration, progress)?,
            fold,
        })
    }

    fn name(&self) -> String {
        let fold = self.fold.source.metadata.fold;
        fold.map_or_else(String::new, |fold| format!("the network of fold {fold}"))
    }

    /// Writes the network in this format to a temporary file, and checks it.
    fn check(
        &self,
        format: Format,
        plan: &Plan,
        keeps_novelty: bool,
        progress: &dyn Progress,
    ) -> Result<Verification> {
        let folder = scratch_folder()?;
        let file = File {
            format,
            path: &folder.path().join(format.file_name()),
            keeps_novelty,
        };
        let source = self.fold.source;
        let plan = Plan {
            resizes: false,
            ..plan.clone()
        };
        let (inputs, network) = (&self.fold.inputs, self.network.as_ref());
        let description = source.description();
        let checked =
            file.write_and_check(source, &description, network, &plan, inputs, progress)?;
        Ok(checked.1)
    }
}

/// The int8-quantized network, if the plan has an int8 format.
fn quantized(
    source: &ExportSource,
    plan: &Plan,
    calibration: &[Vec<u8>],
    progress: &dyn Progress,
) -> Result<Option<QuantizedNetwork>> {
    let is_int8 = |format: &Format| format.precision() == Precision::Int8;
    if !plan.formats.iter().any(is_int8) {
        return Ok(None);
    }
    let images: Vec<&[u8]> = calibration.iter().map(Vec::as_slice).collect();
    let side = source.metadata.resize.size as usize;
    quantize::quantize(&source.network, &images, side, plan.ranges, progress).map(Some)
}

fn write_one(
    network: &FusedNetwork,
    quantized: Option<&QuantizedNetwork>,
    format: Format,
    path: &Path,
    about: &FileDescription,
) -> Result<()> {
    match (format, quantized) {
        (Format::TorchScript, _) => torchscript::write(path, network, about),
        (Format::Onnx, _) => onnx::write(path, network, FloatPrecision::F32, about),
        (Format::OnnxFp16, _) => onnx::write(path, network, FloatPrecision::F16, about),
        (Format::OnnxInt8, Some(network)) => onnx::write_int8(path, network, about),
        (Format::Tflite, _) => tflite::write(path, network, about, FloatPrecision::F32),
        (Format::TfliteFp16, _) => tflite::write(path, network, about, FloatPrecision::F16),
        (Format::TfliteInt8, Some(network)) => tflite::write_int8(path, network, about),
        (Format::OnnxInt8 | Format::TfliteInt8, None) | (Format::Web, _) => Ok(()),
    }
}
