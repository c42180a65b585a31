//! A graph of tensors and operations as plain data, and how one is built. Knows TFLite's ideas, but nothing of the
//! network nor of bytes: the writer makes a file of it, and the engine makes it of a file.

use super::operation::Operation;
use super::schema::TensorType;
use crate::artifact::quantization::QuantizationParams;

/// A tensor's place in [`Graph::tensors`].
pub type Id = usize;

/// A computation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Values and constants.
    pub tensors: Vec<Tensor>,
    /// In an order in which they can run.
    pub operations: Vec<Node>,
    /// What is given.
    pub inputs: Vec<Id>,
    /// What comes out.
    pub outputs: Vec<Id>,
}

/// A value that flows, or a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// For people, and for apps that look for inputs and outputs.
    pub name: String,
    /// Its extents.
    pub shape: Vec<i32>,
    /// Whether the first extent, which is 1, stands for any number of images.
    pub batched: bool,
    /// The type of its numbers.
    pub kind: TensorType,
    /// For whole numbers that stand for real ones.
    pub quantization: Option<Quantization>,
    /// A constant's numbers, row-major, little-endian.
    pub data: Option<Vec<u8>>,
}

/// `real = scale · (code − zero point)`, codes −128 to 127 (or 32 bits for a bias).
#[derive(Clone, Debug, PartialEq)]
pub struct Quantization {
    /// One for all, or one for each place along `dimension`.
    pub scales: Vec<f32>,
    /// As many.
    pub zero_points: Vec<i64>,
    /// Along which dimension scales differ.
    pub dimension: i32,
}

/// An operation and its place in the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub operation: Operation,
    /// What it takes.
    pub inputs: Vec<Id>,
    /// What it makes.
    pub output: Id,
}

impl Quantization {
    /// Of activations: TFLite's codes are signed, ours begin at 0.
    pub fn of_activations(params: QuantizationParams) -> Self {
        Self {
            scales: vec![params.scale],
            zero_points: vec![i64::from(params.zero_point) - 128],
            dimension: 0,
        }
    }

    /// Of weights or a bias: symmetric, one scale for each place along a dimension.
    pub fn per_channel(scales: Vec<f32>, dimension: i32) -> Self {
        Self {
            zero_points: vec![0; scales.len()],
            scales,
            dimension,
        }
    }
}

impl Graph {
    /// Adds a value for one image; more can be given at once.
    pub fn value(
        &mut self,
        name: &str,
        shape: &[usize],
        kind: TensorType,
        quantization: Option<Quantization>,
    ) -> Id {
        self.add(Tensor {
            name: name.to_owned(),
            shape: [vec![1], extents(shape)].concat(),
            batched: true,
            kind,
            quantization,
            data: None,
        })
    }

    /// Adds a constant, whose numbers are given as bytes.
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
            shape: extents(shape),
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

    /// Adds what an operation makes of a constant: float32 numbers that do not depend on the images.
    pub fn widened(&mut self, name: &str, shape: &[usize]) -> Id {
        self.add(Tensor {
            name: name.to_owned(),
            shape: extents(shape),
            batched: false,
            kind: TensorType::Float32,
            quantization: None,
            data: None,
        })
    }

    /// Adds an operation that makes a value, and returns that.
    pub fn operation(&mut self, operation: Operation, inputs: &[Id], output: Id) -> Id {
        self.operations.push(Node {
            operation,
            inputs: inputs.to_vec(),
            output,
        });
        output
    }

    /// The type of the numbers that an operation is about: its first input's.
    pub fn input_type(&self, node: &Node) -> TensorType {
        self.tensors[node.inputs[0]].kind
    }

    fn add(&mut self, tensor: Tensor) -> Id {
        self.tensors.push(tensor);
        self.tensors.len() - 1
    }
}

fn extents(shape: &[usize]) -> Vec<i32> {
    shape.iter().map(|&extent| extent as i32).collect()
}
