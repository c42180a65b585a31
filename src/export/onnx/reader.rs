//! Reads a network from a float32 ONNX file written by [`super::write`], to export other formats without the
//! checkpoint.

use std::collections::HashMap;
use std::path::Path;

use prost::Message;

use super::proto::{DataType, Model, Tensor};
use crate::artifact::input_spec::InputSpec;
use crate::model::architecture::{Architecture, Block, Convolution};
use crate::model::fuse::{FusedBlock, FusedConvolution, FusedLinear, FusedNetwork};
use crate::model::novelty::{self, Novelty};
use crate::{Error, Result, reading};

/// Reads the weights of a network of this architecture, exported from the checkpoint with this SHA-256.
///
/// # Errors
/// A file of lower precision, of another network, or from another checkpoint.
pub fn read(path: &Path, architecture: Architecture, checkpoint: &str) -> Result<FusedNetwork> {
    let refuse = |problem: String| {
        Error::file(
            path,
            problem,
            "Name a checkpoint, or an export folder with a model.onnx written by this version of `skinlesion export`.",
        )
    };
    let bytes = reading::read(path, reading::MAX_NETWORK)?;
    let model =
        Model::decode(&bytes[..]).map_err(|error| refuse(format!("not an ONNX file ({error})")))?;
    let entry = |key: &str| model.metadata_props.iter().find(|entry| entry.key == key);
    let spec = InputSpec::read(path, |key| entry(key).map(|entry| entry.value.clone()))?;
    if spec.checkpoint != checkpoint {
        return Err(refuse(
            "it was exported from another checkpoint than checkpoint.json beside it describes"
                .to_owned(),
        ));
    }
    let tensors = model.graph.unwrap_or_default().initializer.into_iter();
    let tensors = tensors.map(|tensor| (tensor.name.clone(), tensor));
    let tensors = Tensors(tensors.collect());
    let mut network = tensors.network(architecture).map_err(&refuse)?;
    if spec.novelty.is_some() {
        let novelty = tensors.novelty(network.head.layer.inputs).map_err(refuse)?;
        network.novelty = Some(novelty);
    }
    Ok(network)
}

/// The constants of a file, by name.
struct Tensors(HashMap<String, Tensor>);

impl Tensors {
    fn network(&self, architecture: Architecture) -> Result<FusedNetwork, String> {
        let network = architecture.network();
        let blocks = network.blocks.iter().map(|block| self.block(block));
        let layer = network.head.clone();
        let (inputs, classes) = (layer.inputs as i64, layer.outputs as i64);
        Ok(FusedNetwork {
            blocks: blocks.collect::<Result<_, _>>()?,
            head: FusedLinear {
                weight: self.values(&format!("{}.weight", layer.name), &[classes, inputs, 1, 1])?,
                bias: self.values(&format!("{}.bias", layer.name), &[classes])?,
                layer,
            },
            novelty: None,
        })
    }

    /// The statistics of the novelty score of so many features.
    fn novelty(&self, features: usize) -> Result<Novelty, String> {
        let rows = |name: &str| self.0.get(name).and_then(|tensor| tensor.dims.first());
        let count = *rows(novelty::DIRECTIONS).unwrap_or(&0);
        let width = features as i64;
        let mean = self.values(novelty::MEAN, &[1, width])?;
        let directions = self.values(novelty::DIRECTIONS, &[count, width])?;
        Novelty::of_values(mean, directions, features)
            .ok_or_else(|| "its statistics of the novelty score are not usable".to_owned())
    }

    fn block(&self, block: &Block) -> Result<FusedBlock, String> {
        let convolutions = block
            .convolutions
            .iter()
            .map(|layer| self.convolution(layer));
        Ok(FusedBlock {
            name: block.name.clone(),
            convolutions: convolutions.collect::<Result<_, _>>()?,
            residual: block.residual,
        })
    }

    fn convolution(&self, layer: &Convolution) -> Result<FusedConvolution, String> {
        Ok(FusedConvolution {
            weight: self.values(&format!("{}.weight", layer.name), &layer.weight_shape())?,
            bias: self.values(&format!("{}.bias", layer.name), &[layer.outputs as i64])?,
            layer: layer.clone(),
        })
    }

    fn values(&self, name: &str, shape: &[i64]) -> Result<Vec<f32>, String> {
        let tensor = self.0.get(name).ok_or_else(|| format!("has no {name}"))?;
        let count = shape.iter().product::<i64>() as usize;
        let has_shape = tensor.dims == shape && tensor.raw_data.len() == 4 * count;
        if tensor.data_type != DataType::Float as i32 || !has_shape {
            return Err(format!("its {name} is not float32 of shape {shape:?}"));
        }
        let (numbers, _) = tensor.raw_data.as_chunks::<4>();
        Ok(numbers
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect())
    }
}
