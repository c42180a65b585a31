//! MobileNetV2 in libtorch, for training, built from the description in [`super::architecture`].
//!
//! tch's `vision::mobilenet` is not used: its types and names are fixed, and it computes ReLU6 in two operations.
//! Tensors have torchvision's names.

mod init;

use tch::{Device, Kind, Tensor};

use super::architecture::{Architecture, Convolution, NORM_EPSILON, Network};
use super::input::channels_last;
use super::libtorch::batch_norm_relu6::BatchNorm;
use super::state_dict::NamedTensors;
use crate::{Error, Result};

/// A trainable network.
pub struct MobileNetV2 {
    network: Network,
    tensors: NamedTensors,
    device: Device,
}

/// The trainable part of the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainableBlocks {
    /// The first trainable block. Blocks before it run in evaluation mode and without gradients. If it equals the
    /// number of blocks, only the head is trainable.
    pub first_block: usize,
    /// Whether BatchNorm in the trainable blocks uses batch statistics and updates the running ones. Otherwise it uses
    /// the running statistics and does not change them. Its scale and shift are trainable in both cases.
    pub batch_statistics: bool,
}

impl MobileNetV2 {
    /// A network with random weights, initialised as in torchvision.
    pub fn random(architecture: Architecture, seed: u64, device: Device) -> Self {
        let network = architecture.network();
        let tensors = init::random_tensors(&network, seed);
        Self::new(network, tensors, device)
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

    /// Features (N × 1,280) of a normalised batch (N × 3 × S × S).
    pub fn features(&self, images: &Tensor, trainable: TrainableBlocks) -> Tensor {
        let mut x = images.shallow_clone();
        tch::no_grad(|| {
            for index in 0..trainable.first_block {
                x = self.block(index, &x, false);
            }
        });
        for index in trainable.first_block..self.network.blocks.len() {
            x = self.block(index, &x, trainable.batch_statistics);
        }
        x.mean_dim(&[2i64, 3][..], false, Kind::Float)
    }

    /// Logits (N × 7) of features, after dropout with the probability `dropout`.
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
        if block.residual {
            x += input;
        }
        x
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
        let norm = BatchNorm {
            gamma,
            beta,
            mean,
            variance,
            epsilon: NORM_EPSILON,
        };
        if batch_statistics {
            norm.train(&x, layer.relu6)
        } else {
            norm.evaluate(&x, layer.relu6)
        }
    }

    fn tensor(&self, name: &str) -> &Tensor {
        // Never missing: `new` is only called with all tensors of the architecture.
        &self.tensors[name]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tch::Reduction;

    use super::*;

    const EXACT: (Kind, Device) = (Kind::Double, Device::Cpu);

    /// Deterministic values, as in tests/reference/training_step.py.
    fn formula(name: &str, number: usize, shape: &[i64]) -> Tensor {
        let i = Tensor::arange(shape.iter().product::<i64>(), EXACT);
        let wave = (&i * 0.37 * &i + number as f64).sin().reshape(shape);
        let tensor = match shape {
            _ if name.ends_with("running_mean") => wave.zeros_like(),
            _ if name.ends_with("running_var") => wave.ones_like(),
            [_, per_group, height, width] => {
                wave * (4.0 / (per_group * height * width) as f64).sqrt()
            }
            [_, _] => wave * 0.1,
            _ if name.ends_with("weight") => wave * 0.3 + 1.0,
            _ => wave * 0.3 + 0.5,
        };
        tensor.to_kind(Kind::Float)
    }

    /// The norm, and the sum weighted with cos(0.3 i).
    fn fingerprint(tensor: &Tensor) -> [f64; 2] {
        let flat = tensor.contiguous().reshape([-1]).to_kind(Kind::Double);
        let weights = (Tensor::arange(flat.numel() as i64, EXACT) * 0.3).cos();
        [flat.norm(), (flat * weights).sum(Kind::Double)].map(|value| value.double_value(&[]))
    }

    #[test]
    fn a_training_step_equals_torchvisions() {
        let reference = include_str!("../../tests/reference/training_step.json");
        let reference: Value = serde_json::from_str(reference).unwrap();
        let architecture = Architecture {
            width: 0.35,
            classes: 7,
        };
        let mut shapes = architecture.network().tensor_shapes();
        shapes.sort();
        let tensors = shapes.iter().enumerate();
        let tensors = tensors
            .map(|(number, (name, shape))| (name.clone(), formula(name, number, shape)))
            .collect();
        let model = MobileNetV2::from_tensors(architecture, &tensors, Device::Cpu).unwrap();
        for (name, tensor) in model.tensors() {
            let _ = (tensor.shallow_clone()).set_requires_grad(!name.contains("running"));
        }
        let images = (Tensor::arange(4 * 3 * 64 * 64, EXACT).pow_tensor_scalar(1.5) * 0.01).sin();
        let images = (images * 2.0).to_kind(Kind::Float).reshape([4, 3, 64, 64]);
        let trainable = TrainableBlocks {
            first_block: 0,
            batch_statistics: true,
        };
        let logits = model.logits(&model.features(&channels_last(&images), trainable), 0.0);
        let labels = Tensor::from_slice(&[0i64, 4, 5, 2]);
        let loss = logits.cross_entropy_loss(&labels, None::<&Tensor>, Reduction::Mean, -100, 0.0);
        loss.backward();

        let close = |name: &str, ours: f64, theirs: &Value, scale: f64| {
            let difference = (ours - theirs.as_f64().unwrap()).abs() / scale;
            // In single precision, a value near a corner of ReLU6 may fall on the other side.
            assert!(difference < 1e-3, "{name}: {ours} for {theirs}");
        };
        close("loss", loss.double_value(&[]), &reference["loss"], 1.0);
        let gradients = reference["gradients"].as_object().unwrap();
        let median = {
            let mut norms: Vec<f64> = gradients.values().map(|g| g[0].as_f64().unwrap()).collect();
            norms.sort_by(f64::total_cmp);
            norms[norms.len() / 2]
        };
        for (name, theirs) in gradients {
            // Some gradients are zero except for rounding, as the following BatchNorm cancels them.
            let scale = theirs[0].as_f64().unwrap().max(1e-2 * median);
            let ours = fingerprint(&model.tensors()[name].grad());
            for (ours, theirs) in ours.iter().zip(theirs.as_array().unwrap()) {
                close(name, *ours, theirs, scale);
            }
        }
        for (name, theirs) in reference["running"].as_object().unwrap() {
            let scale = theirs[0].as_f64().unwrap();
            for (ours, theirs) in
                (fingerprint(&model.tensors()[name]).iter()).zip(theirs.as_array().unwrap())
            {
                close(name, *ours, theirs, scale);
            }
        }
    }
}
