//! The subset of TFLite's schema that exported files use: field slots and enum values.
//!
//! They are those of `schema.fbs`
//! (<https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/schema/schema.fbs>, schema version 3),
//! written by hand because generated code would need `flatc` on every build machine. Fields that are never written are
//! omitted. The writer and the inference engine share this module.

/// The slot of a field in a table's vtable.
pub type Slot = u16;

/// The slot of field `n` of a table, from 0: two bytes per field, after two sizes.
pub const fn slot(field: u16) -> Slot {
    4 + 2 * field
}

/// The file identifier, at bytes 4 to 7.
pub const IDENTIFIER: &str = "TFL3";

/// The name of the metadata buffer that holds the description as JSON.
pub const DESCRIPTION_ENTRY: &str = "skinlesion";

/// `Model.version`.
pub const VERSION: u32 = 3;

/// The alignment of constant data in bytes, so that it can be used memory-mapped (`Buffer.data`, `force_align: 16`).
pub const ALIGNMENT: usize = 16;

/// `Model`: the file.
pub mod model {
    use super::{Slot, slot};
    pub const VERSION: Slot = slot(0);
    pub const OPERATOR_CODES: Slot = slot(1);
    pub const SUBGRAPHS: Slot = slot(2);
    pub const DESCRIPTION: Slot = slot(3);
    pub const BUFFERS: Slot = slot(4);
    pub const METADATA: Slot = slot(6);
    pub const SIGNATURES: Slot = slot(7);
}

/// `OperatorCode`: a version of an operator, which operations reference by index.
pub mod operator_code {
    use super::{Slot, slot};
    /// The code as one byte, as before TensorFlow 2.4; 127 for codes that do not fit.
    pub const OLD_CODE: Slot = slot(0);
    pub const VERSION: Slot = slot(2);
    pub const CODE: Slot = slot(3);
}

/// `SubGraph`: the computation graph.
pub mod subgraph {
    use super::{Slot, slot};
    pub const TENSORS: Slot = slot(0);
    pub const INPUTS: Slot = slot(1);
    pub const OUTPUTS: Slot = slot(2);
    pub const OPERATORS: Slot = slot(3);
    pub const NAME: Slot = slot(4);
}

/// `Tensor`: an activation or a constant.
pub mod tensor {
    use super::{Slot, slot};
    pub const SHAPE: Slot = slot(0);
    pub const TYPE: Slot = slot(1);
    pub const BUFFER: Slot = slot(2);
    pub const NAME: Slot = slot(3);
    pub const QUANTIZATION: Slot = slot(4);
    /// The shape, with −1 for dynamic dimensions.
    pub const SHAPE_SIGNATURE: Slot = slot(7);
}

/// `QuantizationParameters`.
pub mod quantization {
    use super::{Slot, slot};
    pub const SCALE: Slot = slot(2);
    pub const ZERO_POINT: Slot = slot(3);
    pub const DIMENSION: Slot = slot(6);
}

/// `Operator`: one operation of the graph.
pub mod operator {
    use super::{Slot, slot};
    pub const CODE: Slot = slot(0);
    pub const INPUTS: Slot = slot(1);
    pub const OUTPUTS: Slot = slot(2);
    pub const OPTIONS_TYPE: Slot = slot(3);
    pub const OPTIONS: Slot = slot(4);
}

/// `Buffer`: bytes.
pub mod buffer {
    use super::{Slot, slot};
    pub const DATA: Slot = slot(0);
}

/// `Metadata`: a named buffer.
pub mod metadata {
    use super::{Slot, slot};
    pub const NAME: Slot = slot(0);
    pub const BUFFER: Slot = slot(1);
}

/// `SignatureDef` and `TensorMap`: the names by which apps find inputs and outputs.
pub mod signature {
    use super::{Slot, slot};
    pub const INPUTS: Slot = slot(0);
    pub const OUTPUTS: Slot = slot(1);
    pub const KEY: Slot = slot(2);
    pub const MAP_NAME: Slot = slot(0);
    pub const MAP_TENSOR: Slot = slot(1);
}

/// `Conv2DOptions`, `DepthwiseConv2DOptions` and the other options with fields that are read or written.
pub mod options {
    use super::{Slot, slot};
    pub const CONV_PADDING: Slot = slot(0);
    pub const CONV_STRIDE_W: Slot = slot(1);
    pub const CONV_STRIDE_H: Slot = slot(2);
    pub const CONV_ACTIVATION: Slot = slot(3);
    pub const CONV_DILATION_W: Slot = slot(4);
    pub const CONV_DILATION_H: Slot = slot(5);
    pub const DEPTHWISE_MULTIPLIER: Slot = slot(3);
    pub const DEPTHWISE_ACTIVATION: Slot = slot(4);
    pub const DEPTHWISE_DILATION_W: Slot = slot(5);
    pub const DEPTHWISE_DILATION_H: Slot = slot(6);
    /// In `AddOptions`, `SubOptions`, `MulOptions`, `DivOptions` and `FullyConnectedOptions`.
    pub const ACTIVATION: Slot = slot(0);
    pub const FULLY_CONNECTED_FORMAT: Slot = slot(1);
    pub const FULLY_CONNECTED_KEEP_DIMS: Slot = slot(2);
    pub const SOFTMAX_BETA: Slot = slot(0);
    pub const REDUCER_KEEP_DIMS: Slot = slot(0);
    pub const CAST_FROM: Slot = slot(0);
    pub const CAST_TO: Slot = slot(1);
}

/// `ActivationFunctionType.NONE`.
pub const NO_ACTIVATION: i8 = 0;

/// `ActivationFunctionType.RELU6`.
pub const RELU6: i8 = 3;

/// `TensorType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
pub enum TensorType {
    Float32 = 0,
    Float16 = 1,
    Int32 = 2,
    Uint8 = 3,
    Int8 = 9,
}

impl TensorType {
    /// The type with this code, if it is supported.
    pub fn from_code(code: i8) -> Option<Self> {
        use TensorType::*;
        let all = [Float32, Float16, Int32, Uint8, Int8];
        all.into_iter().find(|&kind| kind as i8 == code)
    }

    /// The size of one element, in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Float32 | Self::Int32 => 4,
            Self::Float16 => 2,
            Self::Uint8 | Self::Int8 => 1,
        }
    }
}

/// `Padding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
pub enum Padding {
    /// Zero padding of half the kernel size: at stride 1 the output is as large as the input.
    Same = 0,
    /// No padding.
    Valid = 1,
}

impl Padding {
    /// The padding with this code.
    pub fn from_code(code: i8) -> Option<Self> {
        let all = [Self::Same, Self::Valid];
        all.into_iter().find(|&padding| padding as i8 == code)
    }
}
