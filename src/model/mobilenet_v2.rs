//! MobileNetV2 in libtorch, for training: built from the description in [`super::architecture`].
//!
//! Our own rather than tch's `vision::mobilenet`, which fixes types and names and writes ReLU6 as two
//! operations. Tensor names are torchvision's.

use tch::{Device, Kind, Tensor};

use super::architecture::{Architecture, Convolution, NORM_EPSILON, Network};
use super::input::channels_last;
use super::libtorch::batch_norm_relu6::BatchNorm;
use super::state_dict::NamedTensors;
use crate::{Error, Result};

/// A network whose weights can be trained.
pub struct MobileNetV2 {
    network: Network,
    tensors: NamedTensors,
    device: Device,
}

/// What a training step may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainableBlocks {
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

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tch::Reduction;

    use super::*;

    const EXACT: (Kind, Device) = (Kind::Double, Device::Cpu);

    /// As in tests/reference/training_step.py.
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

    /// BatchNorm, and sum weighted with cos(0.3 i).
    fn told(tensor: &Tensor) -> [f64; 2] {
        let flat = tensor.contiguous().reshape([-1]).to_kind(Kind::Double);
        let weights = (Tensor::arange(flat.numel() as i64, EXACT) * 0.3).cos();
        [flat.norm(), (flat * weights).sum(Kind::Double)].map(|value| value.double_value(&[]))
    }

    #[test]
    fn a_training_step_is_torchvisions() {
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
            // In single precision a value beside one of ReLU6's corners may fall on its other side.
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
            // Some gradients are zero but for rounding: what a following norm takes away.
            let scale = theirs[0].as_f64().unwrap().max(1e-2 * median);
            let ours = told(&model.tensors()[name].grad());
            for (ours, theirs) in ours.iter().zip(theirs.as_array().unwrap()) {
                close(name, *ours, theirs, scale);
            }
        }
        for (name, theirs) in reference["running"].as_object().unwrap() {
            let scale = theirs[0].as_f64().unwrap();
            for (ours, theirs) in
                (told(&model.tensors()[name]).iter()).zip(theirs.as_array().unwrap())
            {
                close(name, *ours, theirs, scale);
            }
        }
    }
}
