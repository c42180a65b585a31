//! Builds an ONNX graph one operation at a time. Knows ONNX, but nothing of the network.

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
    /// An empty graph with a name.
    pub fn new(name: &str) -> Self {
        let name = name.to_owned();
        Self {
            graph: Graph {
                name,
                ..Graph::default()
            },
        }
    }

    /// Declares an input. Returns its name, as all that follow do, to be given to operations.
    pub fn input(&mut self, name: &str, kind: DataType, shape: &[DimValue], doc: &str) -> String {
        self.graph.input.push(value_info(name, kind, shape, doc));
        name.to_owned()
    }

    /// Declares that the value of this name, which an operation makes, is a float32 output.
    pub fn output(&mut self, name: &str, shape: &[DimValue], doc: &str) {
        let kind = DataType::Float;
        self.graph.output.push(value_info(name, kind, shape, doc));
    }

    /// Adds a float32 constant; `shape` is empty for a single number.
    pub fn constant(&mut self, name: &str, shape: &[i64], values: &[f32]) -> String {
        self.raw_constant(
            name,
            DataType::Float,
            shape,
            bytes(values, f32::to_le_bytes),
        )
    }

    /// Adds a constant of half precision.
    pub fn half_constant(&mut self, name: &str, shape: &[i64], values: &[f32]) -> String {
        let halves = bytes(values, |value| f16::from_f32(value).to_le_bytes());
        self.raw_constant(name, DataType::Float16, shape, halves)
    }

    /// Adds a constant of whole numbers from -128 to 127.
    pub fn int8_constant(&mut self, name: &str, shape: &[i64], values: &[i8]) -> String {
        self.raw_constant(name, DataType::Int8, shape, bytes(values, i8::to_le_bytes))
    }

    /// Adds a constant of whole numbers from 0 to 255.
    pub fn uint8_constant(&mut self, name: &str, shape: &[i64], values: &[u8]) -> String {
        self.raw_constant(name, DataType::Uint8, shape, values.to_vec())
    }

    /// Adds a constant of 32-bit whole numbers.
    pub fn int32_constant(&mut self, name: &str, shape: &[i64], values: &[i32]) -> String {
        self.raw_constant(
            name,
            DataType::Int32,
            shape,
            bytes(values, i32::to_le_bytes),
        )
    }

    /// Adds a constant of 64-bit whole numbers.
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

    /// Adds an operation with one output, which takes the name given.
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

/// Numbers as ONNX keeps them: one after the other, little-endian.
fn bytes<T: Copy, const N: usize>(values: &[T], to_bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| to_bytes(value)).collect()
}

/// A setting that is a text.
pub fn text(name: &str, value: &str) -> Attribute {
    Attribute {
        name: name.to_owned(),
        s: value.as_bytes().to_vec(),
        r#type: AttributeType::String.into(),
        ..Attribute::default()
    }
}

/// A setting that is a type of numbers.
pub fn kind(name: &str, value: DataType) -> Attribute {
    int(name, value as usize)
}

/// A setting that is one whole number.
pub fn int(name: &str, value: usize) -> Attribute {
    Attribute {
        name: name.to_owned(),
        i: value as i64,
        r#type: AttributeType::Int.into(),
        ..Attribute::default()
    }
}

/// A setting that is several whole numbers.
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
