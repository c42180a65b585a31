//! A trained network on disk: one safetensors file that says everything about itself.
//!
//! The tensors have torchvision's names. The header's metadata has one key, `skinlesion`, whose value is
//! [`CheckpointMetadata`] as JSON.

use std::path::Path;

use super::checkpoint_metadata::{CheckpointMetadata, METADATA_KEY, locate};
use super::fuse;
use super::fuse::FusedNetwork;
use super::state_dict;
use super::state_dict::{Metadata, NamedTensors};
use crate::{Error, Result};

/// A network and what is known of it.
#[derive(Debug)]
pub struct Checkpoint {
    /// Every tensor of [`super::architecture::Network::tensor_shapes`], f32 on the CPU.
    pub tensors: NamedTensors,
    /// How it came about.
    pub metadata: CheckpointMetadata,
}

impl Checkpoint {
    /// Reads a checkpoint file or the best one of a folder. Every name, shape and type is checked.
    /// Tensors that are not the network's (an optimizer's state) are left out.
    pub fn read(path: &Path) -> Result<Self> {
        let path = &locate(path);
        if matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("onnx" | "pt" | "tflite")
        ) {
            return Err(Error::file(
                path,
                "this is an exported file, not a checkpoint",
                "Name the checkpoint that it was exported from.",
            ));
        }
        let (mut tensors, metadata) = state_dict::read_safetensors(path)?;
        let metadata = CheckpointMetadata::parse(path, metadata.get(METADATA_KEY))?;
        let network = metadata.architecture.network();
        let shapes = network.tensor_shapes();
        for (name, shape) in &shapes {
            let found = tensors.get(name).map(|t| (t.size(), t.kind()));
            if found != Some((shape.clone(), tch::Kind::Float)) {
                return Err(Error::file(
                    path,
                    format!("{name} should be f32 of shape {shape:?}, but is {found:?}"),
                    "The file is damaged: train or fetch it again.",
                ));
            }
        }
        tensors.retain(|name, _| shapes.iter().any(|(known, _)| known == name));
        Ok(Self { tensors, metadata })
    }

    /// The network that scores, predicts and is exported: batch norm fused into the convolutions, and the
    /// temperature into the head, so that its logits are already divided by it.
    pub fn fused(&self) -> Result<FusedNetwork> {
        let mut fused = fuse::fuse(&self.metadata.architecture.network(), &self.tensors)?;
        let temperature = self.metadata.temperature.unwrap_or(1.0) as f32;
        let head = &mut fused.head;
        for value in head.weight.iter_mut().chain(&mut head.bias) {
            *value /= temperature;
        }
        Ok(fused)
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        self.write_with(path, NamedTensors::new(), Metadata::new())
    }

    /// Writes it with more tensors and metadata beside its own (an optimizer's state), whole or not at all.
    pub fn write_with(
        &self,
        path: &Path,
        mut tensors: NamedTensors,
        mut metadata: Metadata,
    ) -> Result<()> {
        let text = serde_json::to_string(&self.metadata)
            .map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
        metadata.insert(METADATA_KEY.to_owned(), text);
        let own = self.tensors.iter();
        tensors.extend(own.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())));
        state_dict::write_safetensors(path, &tensors, &metadata)
    }
}
