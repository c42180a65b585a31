//! Checkpoints: safetensors files with a network's weights and metadata.
//!
//! Tensors have torchvision's names. The header's metadata has the key `skinlesion`, whose value is
//! [`CheckpointMetadata`] as JSON.

use std::path::Path;

use tch::Kind;

use super::checkpoint_metadata::{CheckpointMetadata, METADATA_KEY, located};
use super::fuse::{self, FusedNetwork};
use super::novelty::Novelty;
use super::state_dict::{self, Metadata, NamedTensors};
use crate::{Error, Result};

/// The weights of a network and their metadata.
#[derive(Debug)]
pub struct Checkpoint {
    /// Every tensor of [`super::architecture::Network::tensor_shapes`], f32 on the CPU.
    pub tensors: NamedTensors,
    /// The statistics of the novelty score, if [`CheckpointMetadata::novelty`] has its threshold.
    pub novelty: Option<Novelty>,
    /// Provenance, training settings and validation metrics.
    pub metadata: CheckpointMetadata,
}

impl Checkpoint {
    /// Reads a checkpoint file, or a folder's ([`located`]). Checks the name, shape and type of every tensor; weights
    /// in f16 become f32. Tensors that do not belong to the network (optimizer state) are dropped.
    pub fn read(path: &Path) -> Result<Self> {
        let path = &located(path)?;
        if matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("onnx" | "pt" | "tflite")
        ) {
            return Err(Error::file(
                path,
                "this is an exported file, not a checkpoint",
                "Pass the checkpoint that it was exported from.",
            ));
        }
        let (mut tensors, metadata) = state_dict::read_safetensors(path)?;
        let metadata = CheckpointMetadata::parse(path, metadata.get(METADATA_KEY))?;
        let network = metadata.architecture.network();
        let shapes = network.tensor_shapes();
        for (name, shape) in &shapes {
            if let Some(tensor) = tensors.get_mut(name).filter(|t| t.kind() == Kind::Half) {
                *tensor = tensor.to_kind(Kind::Float);
            }
            let found = tensors.get(name).map(|t| (t.size(), t.kind()));
            if found != Some((shape.clone(), Kind::Float)) {
                return Err(Error::file(
                    path,
                    format!(
                        "tensor {name} must be f32 or f16 of shape {shape:?}, but is {found:?}"
                    ),
                    "The file is damaged: train or download it again.",
                ));
            }
        }
        let novelty = match metadata.novelty {
            Some(_) => Some(novelty(path, &tensors, network.head.inputs)?),
            None => None,
        };
        tensors.retain(|name, _| shapes.iter().any(|(known, _)| known == name));
        refuse_no_numbers(path, &tensors)?;
        Ok(Self {
            tensors,
            novelty,
            metadata,
        })
    }

    /// The network for inference and export: BatchNorm is fused into the convolutions, and the calibration temperature
    /// into the head, so that the logits are already divided by it.
    pub fn fused(&self) -> Result<FusedNetwork> {
        let mut fused = fuse::fuse(&self.metadata.architecture.network(), &self.tensors)?;
        let temperature = self.metadata.temperature.unwrap_or(1.0) as f32;
        let head = &mut fused.head;
        for value in head.weight.iter_mut().chain(&mut head.bias) {
            *value /= temperature;
        }
        fused.novelty = self.novelty.clone();
        Ok(fused)
    }

    /// Writes the checkpoint atomically.
    pub fn write(&self, path: &Path) -> Result<()> {
        self.write_with(path, NamedTensors::new(), Metadata::new())
    }

    /// The same network with the weights of its layers in f16: half the size. BatchNorm and biases stay f32.
    pub fn in_half_precision(mut self) -> Self {
        for tensor in self.tensors.values_mut().filter(|tensor| tensor.dim() > 1) {
            *tensor = tensor.to_kind(Kind::Half);
        }
        self
    }

    /// Writes the checkpoint atomically, with additional tensors and metadata (such as optimizer state).
    pub fn write_with(
        &self,
        path: &Path,
        mut tensors: NamedTensors,
        mut metadata: Metadata,
    ) -> Result<()> {
        let text = serde_json::to_string(&self.metadata)
            .map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
        metadata.insert(METADATA_KEY.to_owned(), text);
        let weights = self.tensors.iter();
        tensors.extend(self.novelty.iter().flat_map(Novelty::tensors));
        tensors.extend(weights.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())));
        state_dict::write_safetensors(path, &tensors, &metadata)
    }
}

/// The statistics of the novelty score, which the metadata says are there.
fn novelty(path: &Path, tensors: &NamedTensors, features: usize) -> Result<Novelty> {
    Novelty::of_tensors(tensors, features)?.ok_or_else(|| {
        Error::file(
            path,
            format!("it has no statistics of {features} features for its novelty score"),
            "The file is damaged: calibrate the network again, or download it again.",
        )
    })
}

/// Refuses weights from which no probabilities can be computed.
fn refuse_no_numbers(path: &Path, tensors: &NamedTensors) -> Result<()> {
    let refuse = |name: &str, problem: &str| {
        Err(Error::file(
            path,
            format!("tensor {name} {problem}"),
            "The file is damaged, or its training diverged: train or download it again.",
        ))
    };
    if let Some(name) = state_dict::not_finite(tensors) {
        return refuse(name, "has values that are NaN or infinite");
    }
    let mut variances = tensors
        .iter()
        .filter(|(name, _)| name.ends_with(".running_var"));
    match variances.find(|(_, tensor)| tensor.min().double_value(&[]) < 0.0) {
        Some((name, _)) => refuse(name, "has negative variances"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;

    #[test]
    fn weights_that_are_no_numbers_and_negative_variances_are_refused() {
        let refused = |name: &str, value: f32| {
            let tensors =
                NamedTensors::from([(name.to_owned(), Tensor::from_slice(&[1.0, value]))]);
            refuse_no_numbers(Path::new("a"), &tensors).is_err()
        };
        assert!(refused("a.weight", f32::NAN));
        assert!(refused("a.weight", f32::INFINITY));
        assert!(refused("a.running_var", -1.0));
        assert!(!refused("a.weight", -1.0));
        assert!(!refused("a.running_var", 0.0));
    }
}
