//! Builds an ONNX graph one operation at a time. Knows ONNX, but nothing of the network.

use super::proto::{
    Attribute, AttributeType, DataType, Dimension, Extent, Graph, Node, Shape, Tensor, TensorType,
    Type, ValueInfo,
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

    /// Declares a float32 input. Returns its name, as all that follow do, to be given to operations.
    pub fn input(&mut self, name: &str, shape: &[Extent], doc: &str) -> String {
        self.graph.input.push(value_info(name, shape, doc));
        name.to_owned()
    }

    /// Declares that the value of this name, which an operation makes, is a float32 output.
    pub fn output(&mut self, name: &str, shape: &[Extent], doc: &str) {
        self.graph.output.push(value_info(name, shape, doc));
    }

    /// Adds a float32 constant; `shape` is empty for a single number.
    pub fn constant(&mut self, name: &str, shape: &[i64], values: &[f32]) -> String {
        self.graph.initializer.push(Tensor {
            dims: shape.to_vec(),
            data_type: DataType::Float.into(),
            name: name.to_owned(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
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

fn value_info(name: &str, shape: &[Extent], doc: &str) -> ValueInfo {
    let dimension = |extent: &Extent| Dimension {
        value: Some(extent.clone()),
    };
    ValueInfo {
        name: name.to_owned(),
        r#type: Some(Type {
            tensor_type: Some(TensorType {
                elem_type: DataType::Float.into(),
                shape: Some(Shape {
                    dim: shape.iter().map(dimension).collect(),
                }),
            }),
        }),
        doc_string: doc.to_owned(),
    }
}
