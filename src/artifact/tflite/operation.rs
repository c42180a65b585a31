//! The operators that our graphs use, with the numbers and versions that TFLite gives them.

use super::schema::{Padding, TensorType};

/// What an operation does. Its settings are these alone; all others are at their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// (a, b) → a + b
    Add,
    /// One type of numbers to another.
    Cast,
    /// (input, weight O × H × W × I, bias) → output
    Conv2d(Window),
    /// (input, weight 1 × H × W × C, bias) → output
    DepthwiseConv2d(Window),
    /// Whole or half-precision numbers to float32.
    Dequantize,
    /// (a, b) → a / b
    Div,
    /// (input N × I, weight O × I, bias) → N × O
    FullyConnected,
    /// (input N × H × W × C, axes) → N × C
    Mean,
    /// (input, 4 × 2 widths) → input with a border that stands for 0
    Pad,
    /// float32 to whole numbers.
    Quantize,
    /// Over the last dimension.
    Softmax,
    /// (a, b) → a − b
    Sub,
}

/// How a convolution moves over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// Steps to the right and down.
    pub stride: i32,
    /// What lies beyond the border.
    pub padding: Padding,
    /// Whether the output is clipped to 0–6.
    pub relu6: bool,
}

/// A version of an operator.
pub struct Version {
    /// Its number.
    pub number: i32,
    /// The first TFLite that has it, as 1.MINOR.0.
    pub since: u32,
}

impl Operation {
    /// Its number in `BuiltinOperator`.
    pub fn code(self) -> i32 {
        match self {
            Self::Add => 0,
            Self::Conv2d(_) => 3,
            Self::DepthwiseConv2d(_) => 4,
            Self::Dequantize => 6,
            Self::FullyConnected => 9,
            Self::Softmax => 25,
            Self::Pad => 34,
            Self::Mean => 40,
            Self::Sub => 41,
            Self::Div => 42,
            Self::Cast => 53,
            Self::Quantize => 114,
        }
    }

    /// The number of its options in the union `BuiltinOptions`.
    pub fn options(self) -> u8 {
        match self {
            Self::Conv2d(_) => 1,
            Self::DepthwiseConv2d(_) => 2,
            Self::FullyConnected => 8,
            Self::Softmax => 9,
            Self::Add => 11,
            Self::Pad => 22,
            Self::Mean => 27,
            Self::Sub => 28,
            Self::Div => 29,
            Self::Cast => 37,
            Self::Dequantize => 38,
            Self::Quantize => 89,
        }
    }

    /// The oldest version that takes numbers of this type, so that the oldest runtimes that can will run the file.
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
