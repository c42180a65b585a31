//! A TFLite graph of tensors and operations as plain data, independent of the network and of the file's bytes. The
//! writer encodes it, and the inference engine decodes it.

use super::operation::Operation;
use super::schema::TensorType;
use crate::artifact::quantization::QuantizationParams;

/// An index into [`Graph::tensors`].
pub type Id = usize;

/// A computation graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Activations and constants.
    pub tensors: Vec<Tensor>,
    /// The operations, in execution order.
    pub operations: Vec<Node>,
    /// The inputs.
    pub inputs: Vec<Id>,
    /// The outputs.
    pub outputs: Vec<Id>,
}

/// An activation or a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The name, by which apps find inputs and outputs.
    pub name: String,
    /// The shape.
    pub shape: Vec<i32>,
    /// Whether the first dimension, which is 1, is the dynamic batch dimension.
    pub batched: bool,
    /// The element type.
    pub kind: TensorType,
    /// The quantization parameters, for quantized tensors.
    pub quantization: Option<Quantization>,
    /// A constant's values, row-major, little-endian.
    pub data: Option<Vec<u8>>,
}

/// Quantization parameters: `real = scale · (quantized − zero point)`, int8 (−128 to 127), or int32 for a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantization {
    /// One scale per tensor, or one per index along `dimension`.
    pub scales: Vec<f32>,
    /// The zero points, as many as scales.
    pub zero_points: Vec<i64>,
    /// The quantized dimension of per-channel scales.
    pub dimension: i32,
}

/// An operation with its inputs and output.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The operation.
    pub operation: Operation,
    /// The input tensors.
    pub inputs: Vec<Id>,
    /// The output tensor.
    pub output: Id,
}

impl Quantization {
    /// The parameters of activations. TFLite's quantized values are signed; [`QuantizationParams`] begins at 0.
    pub fn of_activations(params: QuantizationParams) -> Self {
        Self {
            scales: vec![params.scale],
            zero_points: vec![i64::from(params.zero_point) - 128],
            dimension: 0,
        }
    }

    /// The parameters of weights or a bias: symmetric, one scale per index along `dimension`.
    pub fn per_channel(scales: Vec<f32>, dimension: i32) -> Self {
        Self {
            zero_points: vec![0; scales.len()],
            scales,
            dimension,
        }
    }
}

impl Graph {
    /// Adds an activation with a dynamic batch dimension. `shape` excludes the batch.
    pub fn value(
        &mut self,
        name: &str,
        shape: &[usize],
        kind: TensorType,
        quantization: Option<Quantization>,
    ) -> Id {
        self.add(Tensor {
            name: name.to_owned(),
            shape: [vec![1], dims(shape)].concat(),
            batched: true,
            kind,
            quantization,
            data: None,
        })
    }

    /// Adds a constant, whose values are given as bytes.
    pub fn constant(
        &mut self,
        name: &str,
        shape: &[usize],
        kind: TensorType,
        quantization: Option<Quantization>,
        data: Vec<u8>,
    ) -> Id {
        self.add(Tensor {
            name: name.to_owned(),
            shape: dims(shape),
            batched: false,
            kind,
            quantization,
            data: Some(data),
        })
    }

    /// Adds a float32 constant.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Id {
        let data = values.iter().flat_map(|value| value.to_le_bytes());
        self.constant(name, shape, TensorType::Float32, None, data.collect())
    }

    /// Adds an int32 constant.
    pub fn integers(&mut self, name: &str, shape: &[usize], values: &[i32]) -> Id {
        let data = values.iter().flat_map(|value| value.to_le_bytes());
        self.constant(name, shape, TensorType::Int32, None, data.collect())
    }

    /// Adds the float32 result of dequantizing a constant. It has no batch dimension.
    pub fn dequantized_constant(&mut self, name: &str, shape: &[usize]) -> Id {
        self.add(Tensor {
            name: name.to_owned(),
            shape: dims(shape),
            batched: false,
            kind: TensorType::Float32,
            quantization: None,
            data: None,
        })
    }

    /// Adds an operation and returns its output.
    pub fn operation(&mut self, operation: Operation, inputs: &[Id], output: Id) -> Id {
        self.operations.push(Node {
            operation,
            inputs: inputs.to_vec(),
            output,
        });
        output
    }

    /// The element type of an operation's first input.
    pub fn input_type(&self, node: &Node) -> TensorType {
        self.tensors[node.inputs[0]].kind
    }

    fn add(&mut self, tensor: Tensor) -> Id {
        self.tensors.push(tensor);
        self.tensors.len() - 1
    }
}

fn dims(shape: &[usize]) -> Vec<i32> {
    shape.iter().map(|&dim| dim as i32).collect()
}
