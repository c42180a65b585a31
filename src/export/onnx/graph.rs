//! Builds an ONNX graph operation by operation, independent of the network.

use half::f16;

use super::proto::{
    Attribute, AttributeType, DataType, DimValue, Dimension, Graph, Node, Shape, Tensor,
    TensorType, Type, ValueInfo,
};

/// A graph under construction.
#[derive(Default)]
pub struct GraphBuilder {
    graph: Graph,
}

impl GraphBuilder {
    /// A named, empty graph.
    pub fn new(name: &str) -> Self {
        let name = name.to_owned();
        Self {
            graph: Graph {
                name,
                ..Graph::default()
            },
        }
    }

    /// Declares an input. Like the functions below, it returns the name, for use as the input of operations.
    pub fn input(&mut self, name: &str, kind: DataType, shape: &[DimValue], doc: &str) -> String {
        self.graph.input.push(value_info(name, kind, shape, doc));
        name.to_owned()
    }

    /// Declares the value with this name as a float32 output.
    pub fn output(&mut self, name: &str, shape: &[DimValue], doc: &str) {
        let kind = DataType::Float;
        self.graph.output.push(value_info(name, kind, shape, doc));
    }

    /// Adds a float32 constant. `shape` is empty for a scalar.
    pub fn constant(&mut self, name: &str, shape: &[i64], values: &[f32]) -> String {
        self.raw_constant(
            name,
            DataType::Float,
            shape,
            bytes(values, f32::to_le_bytes),
        )
    }

    /// Adds a float16 constant.
    pub fn half_constant(&mut self, name: &str, shape: &[i64], values: &[f32]) -> String {
        let halves = bytes(values, |value| f16::from_f32(value).to_le_bytes());
        self.raw_constant(name, DataType::Float16, shape, halves)
    }

    /// Adds an int8 constant.
    pub fn int8_constant(&mut self, name: &str, shape: &[i64], values: &[i8]) -> String {
        self.raw_constant(name, DataType::Int8, shape, bytes(values, i8::to_le_bytes))
    }

    /// Adds a uint8 constant.
    pub fn uint8_constant(&mut self, name: &str, shape: &[i64], values: &[u8]) -> String {
        self.raw_constant(name, DataType::Uint8, shape, values.to_vec())
    }

    /// Adds an int32 constant.
    pub fn int32_constant(&mut self, name: &str, shape: &[i64], values: &[i32]) -> String {
        self.raw_constant(
            name,
            DataType::Int32,
            shape,
            bytes(values, i32::to_le_bytes),
        )
    }

    /// Adds an int64 constant.
    pub fn int64_constant(&mut self, name: &str, shape: &[i64], values: &[i64]) -> String {
        self.raw_constant(
            name,
            DataType::Int64,
            shape,
            bytes(values, i64::to_le_bytes),
        )
    }

    fn raw_constant(
        &mut self,
        name: &str,
        kind: DataType,
        shape: &[i64],
        raw_data: Vec<u8>,
    ) -> String {
        self.graph.initializer.push(Tensor {
            dims: shape.to_vec(),
            data_type: kind.into(),
            name: name.to_owned(),
            raw_data,
        });
        name.to_owned()
    }

    /// Adds an operation whose single output is named `output`.
    pub fn operation(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
        output: &str,
    ) -> String {
        self.graph.node.push(Node {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: operator.to_owned(),
            attribute: attributes,
        });
        output.to_owned()
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }
}

/// Encodes numbers as ONNX raw data: consecutive, little-endian.
fn bytes<T: Copy, const N: usize>(values: &[T], to_bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| to_bytes(value)).collect()
}

/// A string attribute.
pub fn text(name: &str, value: &str) -> Attribute {
    Attribute {
        name: name.to_owned(),
        s: value.as_bytes().to_vec(),
        r#type: AttributeType::String.into(),
        ..Attribute::default()
    }
}

/// A data type attribute.
pub fn kind(name: &str, value: DataType) -> Attribute {
    int(name, value as usize)
}

/// An integer attribute.
pub fn int(name: &str, value: usize) -> Attribute {
    Attribute {
        name: name.to_owned(),
        i: value as i64,
        r#type: AttributeType::Int.into(),
        ..Attribute::default()
    }
}

/// An attribute of several integers.
pub fn ints(name: &str, values: &[usize]) -> Attribute {
    Attribute {
        name: name.to_owned(),
        ints: values.iter().map(|&value| value as i64).collect(),
        r#type: AttributeType::Ints.into(),
        ..Attribute::default()
    }
}

fn value_info(name: &str, kind: DataType, shape: &[DimValue], doc: &str) -> ValueInfo {
    let dimension = |value: &DimValue| Dimension {
        value: Some(value.clone()),
    };
    ValueInfo {
        name: name.to_owned(),
        r#type: Some(Type {
            tensor_type: Some(TensorType {
                elem_type: kind.into(),
                shape: Some(Shape {
                    dim: shape.iter().map(dimension).collect(),
                }),
            }),
        }),
        doc_string: doc.to_owned(),
    }
}
