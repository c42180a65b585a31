//! MobileNetV2 in libtorch, for training, built from the description in [`super::architecture`].
//!
//! tch's `vision::mobilenet` is not used: its types and names are fixed, and it computes ReLU6 in two operations.
//! Tensors have torchvision's names.

mod init;
#[cfg(test)]
mod tests;

use tch::{Device, Kind, Tensor};

use super::architecture::{Architecture, Block, Convolution, NORM_EPSILON, Network};
use super::input::channels_last;
use super::libtorch::batch_norm_relu6::BatchNorm;
use super::libtorch::inverted_residual::{ConvNorm, InvertedResidual};
use super::state_dict::NamedTensors;
use crate::{Error, Result};

/// A trainable network.
pub struct MobileNetV2 {
    network: Network,
    tensors: NamedTensors,
    device: Device,
}

impl MobileNetV2 {
    /// A network with random weights, initialised as in torchvision.
    pub fn random(architecture: Architecture, seed: u64, device: Device) -> Result<Self> {
        let network = architecture.network();
        let tensors = init::random_tensors(&network, seed)?;
        Ok(Self::new(network, tensors, device))
    }

    /// A network with the given weights. `tensors` must contain every tensor of the architecture in its shape.
    pub fn from_tensors(
        architecture: Architecture,
        tensors: &NamedTensors,
        device: Device,
    ) -> Result<Self> {
        let network = architecture.network();
        let mut copies = NamedTensors::new();
        for (name, shape) in network.tensor_shapes() {
            let tensor = tensors.get(&name).filter(|t| t.size() == shape);
            let tensor = tensor.ok_or_else(|| {
                Error::input(
                    format!("tensor {name}"),
                    format!("it is missing, or its shape is not {shape:?}"),
                    "Use weights of a network with the same width.",
                )
            })?;
            copies.insert(name, tensor.to_kind(Kind::Float).copy());
        }
        Ok(Self::new(network, copies, device))
    }

    fn new(network: Network, tensors: NamedTensors, device: Device) -> Self {
        let tensors = tensors
            .into_iter()
            .map(|(name, tensor)| {
                let tensor = tensor.to_device(device);
                let tensor = match tensor.dim() {
                    4 => channels_last(&tensor),
                    _ => tensor,
                };
                (name, tensor)
            })
            .collect();
        Self {
            network,
            tensors,
            device,
        }
    }

    /// The description of the layers.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network's device.
    pub fn device(&self) -> Device {
        self.device
    }

    /// All weights and BatchNorm statistics by name. They share memory with the network.
    pub fn tensors(&self) -> &NamedTensors {
        &self.tensors
    }

    /// Copies values of the same names and shapes into the weights and BatchNorm statistics.
    pub fn restore(&mut self, values: &NamedTensors) {
        tch::no_grad(|| {
            for (name, tensor) in &mut self.tensors {
                if let Some(value) = values.get(name) {
                    tensor.copy_(value);
                }
            }
        });
    }

    /// Names of the parameters of a block.
    pub fn block_parameters(&self, block: usize) -> Vec<String> {
        let layers = self.network.blocks[block].convolutions.iter();
        layers
            .flat_map(|c| {
                [
                    format!("{}.weight", c.name),
                    format!("{}.weight", c.norm),
                    format!("{}.bias", c.norm),
                ]
            })
            .collect()
    }

    /// Names of the parameters of the head.
    pub fn head_parameters(&self) -> Vec<String> {
        ["weight", "bias"]
            .map(|part| format!("{}.{part}", self.network.head.name))
            .to_vec()
    }

    /// Features (N × inputs of the head; 1,280 up to width 1) of a normalised batch (N × 3 × S × S). Blocks before
    /// `first_trainable_block` run in evaluation mode and without gradients. BatchNorm in the others uses batch
    /// statistics and updates the running ones.
    pub fn features(&self, images: &Tensor, first_trainable_block: usize) -> Tensor {
        let mut x = images.shallow_clone();
        tch::no_grad(|| {
            for index in 0..first_trainable_block {
                x = self.block(index, &x, false);
            }
        });
        for index in first_trainable_block..self.network.blocks.len() {
            x = self.block(index, &x, true);
        }
        x.mean_dim(&[2i64, 3][..], false, Kind::Float)
    }

    /// Logits (N × classes) of features, after dropout with the probability `dropout`.
    pub fn logits(&self, features: &Tensor, dropout: f64) -> Tensor {
        let [weight, bias] = ["weight", "bias"]
            .map(|part| self.tensor(&format!("{}.{part}", self.network.head.name)));
        features
            .dropout(dropout, dropout > 0.0)
            .linear(weight, Some(bias))
    }

    fn block(&self, index: usize, input: &Tensor, batch_statistics: bool) -> Tensor {
        let block = &self.network.blocks[index];
        let fused = self.inverted_residual(block).filter(|_| batch_statistics);
        if let Some(y) = fused.and_then(|fused| fused.train(input)) {
            return y;
        }
        let mut x = input.shallow_clone();
        for layer in &block.convolutions {
            x = self.convolution(layer, &x, batch_statistics);
        }
        if block.residual {
            x += input;
        }
        x
    }

    /// The block as one operator. `None` for the first and last block, which are single convolutions.
    fn inverted_residual(&self, block: &Block) -> Option<InvertedResidual<'_>> {
        let (expand, depthwise, project) = match &block.convolutions[..] {
            [expand, depthwise, project] => (Some(expand), depthwise, project),
            [depthwise, project] => (None, depthwise, project),
            _ => return None,
        };
        let conv_norm = |layer| ConvNorm {
            weight: self.weight(layer),
            norm: self.norm(layer),
        };
        Some(InvertedResidual {
            expand: expand.map(conv_norm),
            depthwise: conv_norm(depthwise),
            project: conv_norm(project),
            stride: depthwise.stride,
            residual: block.residual,
        })
    }

    fn convolution(&self, layer: &Convolution, input: &Tensor, batch_statistics: bool) -> Tensor {
        let (stride, padding) = (layer.stride as i64, layer.padding() as i64);
        let x = input.conv2d(
            self.weight(layer),
            None::<&Tensor>,
            [stride, stride],
            [padding, padding],
            [1, 1],
            layer.groups as i64,
        );
        let norm = self.norm(layer);
        if batch_statistics {
            norm.train(&x, layer.relu6)
        } else {
            norm.evaluate(&x, layer.relu6)
        }
    }

    fn weight(&self, layer: &Convolution) -> &Tensor {
        self.tensor(&format!("{}.weight", layer.name))
    }

    fn norm(&self, layer: &Convolution) -> BatchNorm<'_> {
        let [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| self.tensor(&format!("{}.{part}", layer.norm)));
        BatchNorm {
            gamma,
            beta,
            mean,
            variance,
            epsilon: NORM_EPSILON,
        }
    }

    fn tensor(&self, name: &str) -> &Tensor {
        // Never missing: `new` is only called with all tensors of the architecture.
        &self.tensors[name]
    }
}
