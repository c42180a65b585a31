//! The TFLite operators that exported graphs use, with their codes and versions.

use super::schema::{Padding, TensorType};

/// An operation. Options that are not fields here have their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// (a, b) → a + b
    Add,
    /// Converts the element type.
    Cast,
    /// (input, weight O × H × W × I, bias) → output
    Conv2d(Window),
    /// (input, weight 1 × H × W × C, bias) → output
    DepthwiseConv2d(Window),
    /// int8 or float16 to float32.
    Dequantize,
    /// (a, b) → a / b
    Div,
    /// (input N × I, weight O × I, bias) → N × O
    FullyConnected,
    /// (input N × H × W × C, axes) → N × C
    Mean,
    /// (a, b) → a · b
    Mul,
    /// (input, 4 × 2 widths) → input padded with zeros (the zero point, if quantized)
    Pad,
    /// float32 to int8.
    Quantize,
    /// Softmax over the last dimension.
    Softmax,
    /// (a, b) → a − b
    Sub,
}

/// The options of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The horizontal and vertical stride.
    pub stride: i32,
    /// The padding.
    pub padding: Padding,
    /// Whether a ReLU6 activation is fused.
    pub relu6: bool,
}

/// A version of an operator.
pub struct Version {
    /// The version number.
    pub number: i32,
    /// The first TFLite runtime that supports it, as 1.MINOR.0.
    pub since: u32,
}

impl Operation {
    /// The value in `BuiltinOperator`.
    pub fn code(self) -> i32 {
        match self {
            Self::Add => 0,
            Self::Conv2d(_) => 3,
            Self::DepthwiseConv2d(_) => 4,
            Self::Dequantize => 6,
            Self::FullyConnected => 9,
            Self::Mul => 18,
            Self::Softmax => 25,
            Self::Pad => 34,
            Self::Mean => 40,
            Self::Sub => 41,
            Self::Div => 42,
            Self::Cast => 53,
            Self::Quantize => 114,
        }
    }

    /// The type of its options in the union `BuiltinOptions`.
    pub fn options(self) -> u8 {
        match self {
            Self::Conv2d(_) => 1,
            Self::DepthwiseConv2d(_) => 2,
            Self::FullyConnected => 8,
            Self::Softmax => 9,
            Self::Add => 11,
            Self::Mul => 21,
            Self::Pad => 22,
            Self::Mean => 27,
            Self::Sub => 28,
            Self::Div => 29,
            Self::Cast => 37,
            Self::Dequantize => 38,
            Self::Quantize => 89,
        }
    }

    /// The lowest operator version that accepts this input type, for compatibility with old runtimes.
    ///
    /// From `op_version.cc` and `runtime_version.cc`
    /// (<https://github.com/tensorflow/tensorflow/tree/master/tensorflow/lite/tools/versioning>).
    pub fn version(self, input: TensorType) -> Version {
        let (number, since) = match (self, input) {
            (Self::Conv2d(_) | Self::DepthwiseConv2d(_), TensorType::Int8) => (3, 14),
            (Self::Add | Self::Pad | Self::Dequantize, TensorType::Int8) => (2, 14),
            (Self::Dequantize, _) => (3, 15),
            (Self::Quantize, _) => (1, 14),
            (Self::Mean | Self::Sub | Self::Div, _) => (1, 6),
            _ => (1, 5),
        };
        Version { number, since }
    }
}
