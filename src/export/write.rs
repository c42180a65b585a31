//! Writes a network in several formats, and runs each file again.

use std::path::Path;

use tch::Device;

use super::inputs::ExportInputs;
use super::quantize;
use super::quantize::{QuantizedNetwork, RangeRule};
use super::source::ExportSource;
use super::verify;
use super::verify::Verification;
use super::{onnx, tflite, torchscript};
use crate::artifact::description::{Description, FileDescription};
use crate::artifact::exported_file::ExportedFile;
use crate::artifact::format::{Family, FloatPrecision, Format, Precision};
use crate::artifact::interface::{InputKind, Interface};
use crate::inference::open;
use crate::progress::Progress;
use crate::{Error, Result};

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
pub struct FailedFormat {
    /// Its format.
    pub format: Format,
    /// Why it was not kept.
    pub why: String,
}

/// Writes the network in each format of the plan, runs each file again and compares it with the checkpoint.
///
/// A file of full precision that disagrees is an error, and the caller must then drop the folder; one of less precision
/// is removed and listed among the failed formats.
pub fn write(
    source: &ExportSource,
    description: &Description,
    plan: &Plan,
    folder: &Path,
    inputs: &ExportInputs,
    progress: &dyn Progress,
) -> Result<(Vec<ExportedFile>, Vec<FailedFormat>)> {
    let (mut written, mut failed_formats) = (Vec::new(), Vec::new());
    let quantized = quantized(source, plan, inputs.calibration, progress)?;
    for &format in plan.formats.iter().filter(|&&f| f != Format::Web) {
        let path = folder.join(format.file_name());
        let about = |resizes| FileDescription {
            description,
            interface: Interface::new(format, description.resize, plan.input, resizes),
        };
        let mut final_about = about(false);
        write_one(source, quantized.as_ref(), format, &path, &final_about)?;
        let classifier = open::open(&path, Device::Cpu)?;
        let verdict = verify::check(format, &*classifier, inputs, plan.tolerance, progress)?;
        match verdict {
            Verification::Good(check) => {
                if plan.resizes && format.family() == Family::Onnx {
                    // What comes after the resize was checked; the engine here has no antialiased one.
                    final_about = about(true);
                    write_one(source, quantized.as_ref(), format, &path, &final_about)?;
                }
                written.push(ExportedFile::new(
                    format,
                    &path,
                    final_about.interface,
                    check,
                )?);
            }
            Verification::Poor(why) => {
                std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
                failed_formats.push(FailedFormat { format, why });
            }
        }
    }
    Ok((written, failed_formats))
}

/// The network in whole numbers, if the plan has a use for it.
fn quantized(
    source: &ExportSource,
    plan: &Plan,
    calibration: &[Vec<u8>],
    progress: &dyn Progress,
) -> Result<Option<QuantizedNetwork>> {
    let wanted = |format: &Format| format.precision() == Precision::Int8;
    if !plan.formats.iter().any(wanted) {
        return Ok(None);
    }
    let images: Vec<&[u8]> = calibration.iter().map(Vec::as_slice).collect();
    let side = source.metadata.resize.size as usize;
    quantize::quantize(&source.network, &images, side, plan.ranges, progress).map(Some)
}

fn write_one(
    source: &ExportSource,
    quantized: Option<&QuantizedNetwork>,
    format: Format,
    path: &Path,
    about: &FileDescription,
) -> Result<()> {
    let network = &source.network;
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
