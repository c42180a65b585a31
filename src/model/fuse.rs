//! Fusion of BatchNorm into convolutions. The fused network, as plain numbers, is used by inference and all exporters.

use super::architecture::{Convolution, Linear, NORM_EPSILON, Network};
use super::novelty::Novelty;
use super::state_dict::{self, NamedTensors};
use crate::{Error, Result};

/// A network of convolutions with bias and without BatchNorm. It has the blocks of [`Network`], in the same order.
#[derive(Clone, Debug)]
pub struct FusedNetwork {
    /// The blocks, first to last. Global average pooling follows the last one.
    pub blocks: Vec<FusedBlock>,
    /// The linear layer from features to logits.
    pub head: FusedLinear,
    /// The statistics of the novelty score of the features, if it was fitted.
    pub novelty: Option<Novelty>,
}

/// A fused [`super::architecture::Block`].
#[derive(Clone, Debug)]
pub struct FusedBlock {
    /// Name, such as `features.3`.
    pub name: String,
    /// The fused convolutions.
    pub convolutions: Vec<FusedConvolution>,
    /// Whether the block's input is added to its output.
    pub residual: bool,
}

/// A convolution with its BatchNorm fused in.
#[derive(Clone, Debug)]
pub struct FusedConvolution {
    /// Shape, stride, groups, and whether ReLU6 follows.
    pub layer: Convolution,
    /// Output channels × input channels per group × kernel × kernel, row-major.
    pub weight: Vec<f32>,
    /// One value per output.
    pub bias: Vec<f32>,
}

/// The linear head.
#[derive(Clone, Debug)]
pub struct FusedLinear {
    /// Name and shape.
    pub layer: Linear,
    /// Outputs × inputs, row-major.
    pub weight: Vec<f32>,
    /// One value per output.
    pub bias: Vec<f32>,
}

/// Fuses every BatchNorm into its convolution, in double precision:
/// w' = w · γ/√(σ² + ε) and b' = β − μ · γ/√(σ² + ε).
///
/// `tensors` must contain every name of [`Network::tensor_shapes`]. The network has no novelty score.
pub fn fuse(network: &Network, tensors: &NamedTensors) -> Result<FusedNetwork> {
    let values = |name: String| -> Result<Vec<f32>> {
        let tensor = tensors.get(&name).ok_or_else(|| {
            Error::input(
                "the network's weights",
                format!("{name} is missing"),
                "Use a checkpoint that `skinlesion train` wrote.",
            )
        })?;
        state_dict::to_floats(tensor)
    };
    let fuse_one = |layer: &Convolution| -> Result<FusedConvolution> {
        let mut weight = values(format!("{}.weight", layer.name))?;
        let [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| values(format!("{}.{part}", layer.norm)));
        let (gamma, beta, mean, variance) = (gamma?, beta?, mean?, variance?);
        let per_output = weight.len() / layer.outputs;
        let mut bias = Vec::with_capacity(layer.outputs);
        for output in 0..layer.outputs {
            let scale =
                f64::from(gamma[output]) / (f64::from(variance[output]) + NORM_EPSILON).sqrt();
            for value in &mut weight[output * per_output..(output + 1) * per_output] {
                *value = (f64::from(*value) * scale) as f32;
            }
            bias.push((f64::from(beta[output]) - f64::from(mean[output]) * scale) as f32);
        }
        Ok(FusedConvolution {
            layer: layer.clone(),
            weight,
            bias,
        })
    };
    let mut blocks = Vec::with_capacity(network.blocks.len());
    for block in &network.blocks {
        blocks.push(FusedBlock {
            name: block.name.clone(),
            convolutions: block
                .convolutions
                .iter()
                .map(fuse_one)
                .collect::<Result<_>>()?,
            residual: block.residual,
        });
    }
    Ok(FusedNetwork {
        blocks,
        head: FusedLinear {
            weight: values(format!("{}.weight", network.head.name))?,
            bias: values(format!("{}.bias", network.head.name))?,
            layer: network.head.clone(),
        },
        novelty: None,
    })
}
