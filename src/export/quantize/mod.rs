//! The int8-quantized network, which the int8 files of every format contain.
//!
//! Affine quantization as in Jacob et al. 2018 (<https://arxiv.org/abs/1712.05877>), `real = scale · (quantized −
//! zero_point)`. Weights are symmetric with one scale per output channel. Activations have one scale and zero point per
//! tensor. The final mean and the head stay in float32: they cost little, and int8 probabilities would be coarse.

mod activations;
mod calibration;
mod equalise;
mod ranges;
mod rounding;

pub use self::calibration::{CALIBRATION_IMAGES, quantize};
pub use self::ranges::RangeRule;

use crate::artifact::quantization::QuantizationParams;
use crate::model::architecture::Convolution;
use crate::model::fuse::FusedLinear;
use crate::model::novelty::Novelty;

/// A quantized network, with the blocks of [`crate::model::fuse::FusedNetwork`] in the same order.
#[derive(Clone, Debug)]
pub struct QuantizedNetwork {
    /// The quantization parameters of the first convolution's input: the image in 0–1 **minus ImageNet's mean, not
    /// divided** by the standard deviation. The division is fused into the first convolution's weights, exactly. The
    /// mean cannot be fused, because the convolution pads with zeros.
    pub input: QuantizationParams,
    /// The blocks, in order. The mean over height and width and the head follow, both in float32.
    pub blocks: Vec<QuantizedBlock>,
    /// The linear layer from features to logits, in float32.
    pub head: FusedLinear,
    /// The statistics of the novelty score, which is computed in float32 too; `None` if the file has none.
    pub novelty: Option<Novelty>,
}

/// A quantized [`crate::model::fuse::FusedBlock`].
#[derive(Clone, Debug)]
pub struct QuantizedBlock {
    /// Its name, such as `features.3`.
    pub name: String,
    /// The quantized convolutions.
    pub convolutions: Vec<QuantizedConvolution>,
    /// The quantization parameters of the sum, in a block with a residual connection.
    pub sum: Option<QuantizationParams>,
}

/// A quantized convolution. ReLU6 needs no operation: the range of the output's quantization parameters clips.
#[derive(Clone, Debug)]
pub struct QuantizedConvolution {
    /// Shape, stride, groups, and whether ReLU6 follows.
    pub layer: Convolution,
    /// Quantized weights, −127 to 127, outputs × inputs per group × kernel × kernel, row-major.
    pub weight: Vec<i8>,
    /// The scale of each output channel's weights.
    pub weight_scales: Vec<f32>,
    /// The bias of each output, with the scale `input scale · weight_scales[output]`.
    pub bias: Vec<i32>,
    /// The quantization parameters of the output, after ReLU6 if present.
    pub output: QuantizationParams,
}
