//! MobileNetV2 in libtorch, for training: built from the description in [`super::layers`].
//!
//! Our own rather than tch's `vision::mobilenet`, which fixes types and names and writes ReLU6 as two
//! operations. Tensor names are torchvision's.

use tch::{Device, Kind, Tensor};

use super::input::channels_last;
use super::layers::{Architecture, Convolution, NORM_EPSILON, Network};
use super::tensors::NamedTensors;
use crate::{Error, Result};

/// Share of a batch's statistics in the running ones after a step (PyTorch's default).
const NORM_MOMENTUM: f64 = 0.1;

/// A network whose weights can be trained.
pub struct MobileNetV2 {
    network: Network,
    tensors: NamedTensors,
    device: Device,
}

/// What a training step may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thawed {
    /// Blocks from this one on learn; those before run in evaluation mode and without gradients.
    /// The number of blocks means that only the head learns.
    pub first_block: usize,
    /// Whether batch norm in the learning blocks uses and updates statistics of the batch. When not, it
    /// keeps the running ones; its scale and shift learn all the same.
    pub batch_statistics: bool,
}

impl MobileNetV2 {
    /// A network with random weights, as torchvision initialises it: convolutions normal with variance
    /// 2 / fan-out (He et al. 2015), batch norm at identity, head normal with deviation 0.01.
    pub fn random(architecture: Architecture, seed: u64, device: Device) -> Self {
        tch::manual_seed(seed as i64);
        let network = architecture.network();
        let mut tensors = NamedTensors::new();
        for (name, shape) in network.tensor_shapes() {
            let value = |fill: f64| Tensor::full(&shape[..], fill, (Kind::Float, Device::Cpu));
            let tensor = match shape[..] {
                [outputs, _, height, width] => {
                    let groups = groups_of(&network, &name);
                    let fan_out = (outputs * height * width) as f64 / groups as f64;
                    Tensor::randn(&shape[..], (Kind::Float, Device::Cpu)) * (2.0 / fan_out).sqrt()
                }
                [_, _] => Tensor::randn(&shape[..], (Kind::Float, Device::Cpu)) * 0.01,
                _ if name.ends_with("running_var") => value(1.0),
                _ if name.ends_with("weight") => value(1.0),
                _ => value(0.0),
            };
            tensors.insert(name, tensor);
        }
        Self::new(network, tensors, device)
    }

    /// A network with given weights; `tensors` must hold every name of the description in its shape.
    pub fn from_tensors(
        architecture: Architecture,
        tensors: &NamedTensors,
        device: Device,
    ) -> Result<Self> {
        let network = architecture.network();
        let mut own = NamedTensors::new();
        for (name, shape) in network.tensor_shapes() {
            let tensor = tensors.get(&name).filter(|t| t.size() == shape);
            let tensor = tensor.ok_or_else(|| {
                Error::input(
                    format!("tensor {name}"),
                    format!("missing, or not of shape {shape:?}"),
                    "Use weights of the same width.",
                )
            })?;
            own.insert(name, tensor.to_kind(Kind::Float).copy());
        }
        Ok(Self::new(network, own, device))
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

    /// The description that it was built from.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Where its weights are.
    pub fn device(&self) -> Device {
        self.device
    }

    /// All weights and statistics by name, shared with the network.
    pub fn tensors(&self) -> &NamedTensors {
        &self.tensors
    }

    /// Puts values of the same names and shapes into the weights and statistics.
    pub fn restore(&mut self, values: &NamedTensors) {
        tch::no_grad(|| {
            for (name, tensor) in &mut self.tensors {
                if let Some(value) = values.get(name) {
                    tensor.copy_(value);
                }
            }
        });
    }

    /// Names of the trainable tensors of one block.
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

    /// Names of the head's tensors.
    pub fn head_parameters(&self) -> Vec<String> {
        ["weight", "bias"]
            .map(|part| format!("{}.{part}", self.network.head.name))
            .to_vec()
    }

    /// Features (N × 1,280) of a normalised batch (N × 3 × S × S).
    pub fn features(&self, images: &Tensor, thawed: Thawed) -> Tensor {
        let mut x = images.shallow_clone();
        tch::no_grad(|| {
            for index in 0..thawed.first_block {
                x = self.block(index, &x, false);
            }
        });
        for index in thawed.first_block..self.network.blocks.len() {
            x = self.block(index, &x, thawed.batch_statistics);
        }
        x.mean_dim(&[2i64, 3][..], false, Kind::Float)
    }

    /// Logits (N × 7) of features, of which a share `dropout` is set to zero and the rest scaled up.
    pub fn logits(&self, features: &Tensor, dropout: f64) -> Tensor {
        let [weight, bias] = ["weight", "bias"]
            .map(|part| self.tensor(&format!("{}.{part}", self.network.head.name)));
        features
            .dropout(dropout, dropout > 0.0)
            .linear(weight, Some(bias))
    }

    fn block(&self, index: usize, input: &Tensor, batch_statistics: bool) -> Tensor {
        let block = &self.network.blocks[index];
        let mut x = input.shallow_clone();
        for layer in &block.convolutions {
            x = self.convolution(layer, &x, batch_statistics);
        }
        if block.residual { x + input } else { x }
    }

    fn convolution(&self, layer: &Convolution, input: &Tensor, batch_statistics: bool) -> Tensor {
        let weight = self.tensor(&format!("{}.weight", layer.name));
        let (stride, padding) = (layer.stride as i64, layer.padding() as i64);
        let x = input.conv2d(
            weight,
            None::<&Tensor>,
            [stride, stride],
            [padding, padding],
            [1, 1],
            layer.groups as i64,
        );
        let [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| self.tensor(&format!("{}.{part}", layer.norm)));
        let x = x.batch_norm(
            Some(gamma),
            Some(beta),
            Some(mean),
            Some(variance),
            batch_statistics,
            NORM_MOMENTUM,
            NORM_EPSILON,
            true,
        );
        if layer.relu6 { x.relu6() } else { x }
    }

    fn tensor(&self, name: &str) -> &Tensor {
        // Present for every name of the description: `new` is only called with complete sets.
        &self.tensors[name]
    }
}

fn groups_of(network: &Network, weight: &str) -> usize {
    let layers = network.blocks.iter().flat_map(|block| &block.convolutions);
    layers
        .filter(|layer| weight.strip_suffix(".weight") == Some(&layer.name))
        .map(|layer| layer.groups)
        .next()
        .unwrap_or(1)
}
