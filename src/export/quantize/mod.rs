//! The fused network in whole numbers: what the int8 files of every format hold.
//!
//! Affine quantisation as in Jacob et al. 2018 (<https://arxiv.org/abs/1712.05877>): weights symmetric, with one scale
//! for each output channel; activations with one scale and zero point for each tensor. A number stands for
//! `scale · (code − zero_point)`. The last features, their mean and the head stay in floating point: they cost nothing,
//! and probabilities would be coarse without.

mod calibration;
mod equalise;
mod ranges;
mod rounding;

pub use self::calibration::{CALIBRATION_IMAGES, quantize};
pub use self::ranges::RangeRule;

use crate::artifact::quantization::QuantizationParams;
use crate::model::architecture::Convolution;
use crate::model::fuse::FusedLinear;

/// A whole network; same blocks, same order as [`crate::model::fuse::FusedNetwork`].
#[derive(Clone, Debug)]
pub struct QuantizedNetwork {
    /// The quantization parameters of the first convolution's input: the image in 0–1 **minus ImageNet's mean, not yet divided** by the
    /// deviation, which is in the first convolution's weights (that is exact; the mean cannot be fused, because the
    /// convolution pads with zeros).
    pub input: QuantizationParams,
    /// The blocks, first to last. After the last come the mean over height and width and the head, both on real numbers.
    pub blocks: Vec<QuantizedBlock>,
    /// The layer from features to logits, in floating point.
    pub head: FusedLinear,
}

/// As [`crate::model::fuse::FusedBlock`].
#[derive(Clone, Debug)]
pub struct QuantizedBlock {
    /// Its name, such as `features.3`.
    pub name: String,
    /// The convolutions with their numbers.
    pub convolutions: Vec<QuantizedConvolution>,
    /// For a residual block, the quantization parameters of the sum.
    pub sum: Option<QuantizationParams>,
}

/// An int8 convolution. ReLU6 needs no operation of its own: the range of the output ends where ReLU6 does.
#[derive(Clone, Debug)]
pub struct QuantizedConvolution {
    /// Shape, stride, groups, and whether ReLU6 follows.
    pub layer: Convolution,
    /// Codes −127 to 127, outputs × inputs per group × kernel × kernel, row-major.
    pub weight: Vec<i8>,
    /// The step of each output channel's weights.
    pub weight_scales: Vec<f32>,
    /// One per output, in steps of `input scale · weight_scales[output]`.
    pub bias: Vec<i32>,
    /// The quantization parameters of its output, after ReLU6 if that follows.
    pub output: QuantizationParams,
}
