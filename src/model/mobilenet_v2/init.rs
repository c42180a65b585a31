//! Random initialisation of the weights.

use tch::{Device, Kind, Tensor};

use crate::Result;
use crate::model::architecture::Network;
use crate::model::libtorch::manual_seed::manual_seed;
use crate::model::state_dict::NamedTensors;

/// Random tensors on the CPU, initialised as in torchvision: convolutions normal with variance 2 / fan-out (He et al.
/// 2015), BatchNorm as the identity, the head normal with standard deviation 0.01.
pub(super) fn random_tensors(network: &Network, seed: u64) -> Result<NamedTensors> {
    manual_seed(seed as i64)?;
    let mut tensors = NamedTensors::new();
    for (name, shape) in network.tensor_shapes() {
        let value = |fill: f64| Tensor::full(&shape[..], fill, (Kind::Float, Device::Cpu));
        let tensor = match shape[..] {
            [outputs, _, height, width] => {
                let groups = groups(network, &name);
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
    Ok(tensors)
}

/// Groups of the convolution with this weight tensor.
fn groups(network: &Network, weight: &str) -> usize {
    let layers = network.blocks.iter().flat_map(|block| &block.convolutions);
    layers
        .filter(|layer| weight.strip_suffix(".weight") == Some(&layer.name))
        .map(|layer| layer.groups)
        .next()
        .unwrap_or(1)
}
