//! TorchScript: the format of libtorch and PyTorch, traced from the fused network.
//!
//! Tracing through tch keeps the weights as constants: the module is frozen and accepts any batch size. It can return
//! only one output ("Exportable methods must have a single return value") and store no extra files. A TorchScript file
//! is a ZIP archive with plain-text code, so both are added afterwards. The traced function returns the logits; its
//! last line is rewritten to return probabilities and logits.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use tch::{CModule, Device, Kind, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::artifact::description::FileDescription;
use crate::artifact::interface::{INPUT, InputKind};
use crate::artifact::torchscript::{DESCRIPTION, EXTRA};
use crate::imaging::normalize::{MEAN, STD};
use crate::model::fuse::FusedNetwork;
use crate::model::inference_network::InferenceNetwork;
use crate::model::input;
use crate::{Error, Result, files};

/// PyTorch's alignment of the weights in the archive, in bytes, for memory mapping.
const ALIGNMENT: u16 = 64;

/// Writes a network as a TorchScript file: (image) → (probabilities, logits), and the novelty score (N × 1) if it has
/// one.
pub fn write(path: &Path, network: &FusedNetwork, about: &FileDescription) -> Result<()> {
    trace(network, about.description.resize.size, about.interface.kind)?
        .save(path)
        .map_err(Error::torch(format!("writing {}", path.display())))?;
    let traced = std::fs::read(path).map_err(Error::io("read", path))?;
    let json =
        serde_json::to_vec_pretty(about).map_err(|error| Error::io("write", path)(error.into()))?;
    let classes = network
        .novelty
        .is_some()
        .then_some(network.head.layer.outputs);
    let finished = finish(&traced, &json, classes)
        .map_err(|reason| Error::io("write", path)(std::io::Error::other(reason)))?;
    files::write_atomically(path, &finished)
}

/// Traces the network from an image to logits, followed in each row by the novelty score if it has one.
fn trace(network: &FusedNetwork, size: u32, kind: InputKind) -> Result<CModule> {
    let network = InferenceNetwork::new(network, Device::Cpu)?;
    // Created before tracing, because the tracer would record their creation and lose their values.
    let [mean, std] = [MEAN, STD].map(|values| Tensor::from_slice(&values).view([1, 3, 1, 1]));
    let side = i64::from(size);
    let example = match kind {
        InputKind::Unit => Tensor::zeros([2, 3, side, side], (Kind::Float, Device::Cpu)),
        InputKind::Bytes => Tensor::zeros([2, side, side, 3], (Kind::Uint8, Device::Cpu)),
    };
    let mut forward = |inputs: &[Tensor]| {
        let unit = match kind {
            InputKind::Unit => inputs[0].shallow_clone(),
            InputKind::Bytes => inputs[0].permute([0, 3, 1, 2]).to_kind(Kind::Float) / 255.0,
        };
        let normalised = (unit - &mean) / &std;
        let features = network.features(&input::channels_last(&normalised));
        let logits = network.head(&features);
        vec![match network.novelty(&features) {
            Some(novelty) => Tensor::cat(&[logits, novelty], 1),
            None => logits,
        }]
    };
    tch::no_grad(|| CModule::create_by_tracing("SkinLesion", "forward", &[example], &mut forward))
        .map_err(Error::torch("tracing the network"))
}

/// Adds the other outputs and the description to the archive. `classes`: the number of logits, if a novelty score
/// follows them.
fn finish(
    traced: &[u8],
    description: &[u8],
    classes: Option<usize>,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut archive = ZipArchive::new(Cursor::new(traced))?;
    let mut finished = ZipWriter::new(Cursor::new(Vec::with_capacity(traced.len())));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .with_alignment(ALIGNMENT);
    let mut root = String::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let name = file.name()?.into_owned();
        if name.ends_with(".debug_pkl") {
            continue; // source positions, which change here
        }
        let mut contents = Vec::new();
        file.read_to_end(&mut contents)?;
        if name.ends_with(".py") {
            contents = with_all_outputs(&String::from_utf8(contents)?, classes)?.into_bytes();
        }
        if let Some(folder) = name.strip_suffix("data.pkl") {
            root = folder.to_owned();
        }
        finished.start_file(name, options)?;
        finished.write_all(&contents)?;
    }
    finished.start_file(format!("{root}{EXTRA}{DESCRIPTION}"), options)?;
    finished.write_all(description)?;
    Ok(finished.finish()?.into_inner())
}

/// Rewrites the traced function to return probabilities and logits, and the novelty score if it follows so many logits;
/// and renames its argument as in the other formats.
fn with_all_outputs(code: &str, classes: Option<usize>) -> Result<String, String> {
    let replace = |code: String, old: &str, new: &str| match code.matches(old).count() {
        1 => Ok(code.replacen(old, new, 1)),
        n => Err(format!("the traced code has '{}' {n} times", old.trim())),
    };
    let (kind, result) = match classes {
        Some(_) => ("Tuple[Tensor, Tensor, Tensor]", "row"),
        None => ("Tuple[Tensor, Tensor]", "logits"),
    };
    let code = replace(code.to_owned(), "-> Tensor:", &format!("-> {kind}:"))?;
    let code = replace(code, "\n    return ", &format!("\n    {result} = "))?;
    let code = code.trim_end().replace("argument_1", INPUT);
    Ok(match classes {
        Some(classes) => format!(
            "{code}\n    logits = torch.narrow(row, 1, 0, {classes})\n    novelty = torch.narrow(row, 1, {classes}, 1)\n    \
             return (torch.softmax(logits, 1), logits, novelty)\n"
        ),
        None => format!("{code}\n    return (torch.softmax(logits, 1), logits)\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traced_code_returns_probabilities_and_logits() {
        let traced = "class SkinLesion(Module):\n  def forward(self: __torch__.SkinLesion,\n    argument_1: Tensor) -> Tensor:\n    _0 = torch.sub(argument_1, CONSTANTS.c0)\n    return torch.linear(_0, CONSTANTS.c1)\n";
        let expected = "class SkinLesion(Module):\n  def forward(self: __torch__.SkinLesion,\n    image: Tensor) -> Tuple[Tensor, Tensor]:\n    _0 = torch.sub(image, CONSTANTS.c0)\n    logits = torch.linear(_0, CONSTANTS.c1)\n    return (torch.softmax(logits, 1), logits)\n";
        assert_eq!(with_all_outputs(traced, None).unwrap(), expected);
        assert!(with_all_outputs("def other(x):\n  return x\n", None).is_err());
    }
}
