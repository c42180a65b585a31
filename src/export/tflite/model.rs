//! Encodes a graph as a TFLite file.

use std::collections::BTreeMap;

use flatbuffers::{Vector, WIPOffset};

use super::flatbuffer::{Builder, Table, Tables, aligned_bytes, table};
use crate::artifact::tflite::graph::{Graph, Id, Node, Quantization, Tensor};
use crate::artifact::tflite::operation::{Operation, Window};
use crate::artifact::tflite::schema;
use crate::artifact::tflite::schema::{
    NO_ACTIVATION, RELU6, TensorType, buffer, metadata, model, operator, operator_code, options,
    quantization, signature, subgraph, tensor,
};

/// The name of the only signature, as in files converted from TensorFlow.
const SIGNATURE: &str = "serving_default";

/// The metadata entry with the oldest supported runtime, and its fixed size in bytes.
const RUNTIME: (&str, usize) = ("min_runtime_version", 16);

/// Encodes the file, with a description and named metadata entries.
pub fn encode(graph: &Graph, description: &str, entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let constants = graph.tensors.iter().flat_map(|tensor| &tensor.data);
    let size: usize = constants.map(Vec::len).sum();
    let builder = &mut Builder::with_capacity(size + (1 << 16));

    // By convention, the first buffer is empty and used by tensors without data.
    let mut buffers = vec![table(builder, |_| ())];
    let mut kept = |builder: &mut Builder, bytes: &[u8]| {
        let data = aligned_bytes(builder, bytes);
        buffers.push(table(builder, |b| {
            b.push_slot_always(buffer::DATA, data);
        }));
        buffers.len() as u32 - 1
    };
    let mut tensors = Vec::with_capacity(graph.tensors.len());
    let mut zero_points = ZeroPoints::new();
    for one in &graph.tensors {
        let buffer = match &one.data {
            Some(data) => kept(builder, data),
            None => 0,
        };
        tensors.push(write_tensor(builder, one, buffer, &mut zero_points));
    }
    let runtime = oldest_runtime(graph);
    let mut entries: Vec<(&str, &[u8])> = entries.iter().map(|(n, b)| (*n, &b[..])).collect();
    entries.push((RUNTIME.0, &runtime));
    let mut named = Vec::with_capacity(entries.len());
    for (name, bytes) in entries {
        let index = kept(builder, bytes);
        let name = builder.create_string(name);
        named.push(table(builder, |b| {
            b.push_slot_always(metadata::NAME, name);
            b.push_slot(metadata::BUFFER, index, 0);
        }));
    }
    let named = builder.create_vector(&named);
    let (codes, kinds) = write_codes(builder, graph);
    let subgraph = write_subgraph(builder, graph, &tensors, &kinds);
    let subgraphs = builder.create_vector(&[subgraph]);
    let signature = write_signature(builder, graph);
    let signatures = builder.create_vector(&[signature]);
    let buffers = builder.create_vector(&buffers);
    let description = builder.create_string(description);
    let root = table(builder, |b| {
        b.push_slot_always(model::VERSION, schema::VERSION);
        b.push_slot_always(model::OPERATOR_CODES, codes);
        b.push_slot_always(model::SUBGRAPHS, subgraphs);
        b.push_slot_always(model::DESCRIPTION, description);
        b.push_slot_always(model::BUFFERS, buffers);
        b.push_slot_always(model::METADATA, named);
        b.push_slot_always(model::SIGNATURES, signatures);
    });
    builder.finish(root, Some(schema::IDENTIFIER));
    builder.finished_data().to_vec()
}

/// An operator code and version, which operations reference by index.
type Kind = (i32, i32);

fn kind(graph: &Graph, node: &Node) -> Kind {
    let version = node.operation.version(graph.input_type(node));
    (node.operation.code(), version.number)
}

/// The oldest runtime that supports every operator, padded with zeros.
fn oldest_runtime(graph: &Graph) -> Vec<u8> {
    let nodes = graph.operations.iter();
    let since = nodes.map(|node| node.operation.version(graph.input_type(node)).since);
    let mut text = format!("1.{}.0", since.max().unwrap_or_default()).into_bytes();
    text.resize(RUNTIME.1, 0);
    text
}

/// Writes the distinct operators of the graph.
fn write_codes(builder: &mut Builder, graph: &Graph) -> (Tables, Vec<Kind>) {
    let mut kinds: Vec<Kind> = graph.operations.iter().map(|n| kind(graph, n)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let codes: Vec<Table> = kinds
        .iter()
        .map(|&(code, version)| {
            table(builder, |b| {
                b.push_slot(operator_code::CODE, code, 0);
                b.push_slot(operator_code::VERSION, version, 1);
                b.push_slot(operator_code::OLD_CODE, code.min(127) as i8, 0);
            })
        })
        .collect();
    (builder.create_vector(&codes), kinds)
}

/// Written vectors of zero points, which tensors share. Weights and biases have one 8-byte zero per output; without
/// sharing, they would be a tenth of an int8 file.
type ZeroPoints = BTreeMap<Vec<i64>, WIPOffset<Vector<'static, i64>>>;

fn write_tensor(
    builder: &mut Builder,
    one: &Tensor,
    buffer: u32,
    zero_points: &mut ZeroPoints,
) -> Table {
    let name = builder.create_string(&one.name);
    let shape = builder.create_vector(&one.shape);
    let signature = one.batched.then(|| {
        let dynamic = [&[-1], &one.shape[1..]].concat();
        builder.create_vector(&dynamic)
    });
    let quantization = one
        .quantization
        .as_ref()
        .map(|quantization| write_quantization(builder, quantization, zero_points));
    table(builder, |b| {
        b.push_slot_always(tensor::SHAPE, shape);
        b.push_slot_always(tensor::NAME, name);
        if let Some(quantization) = quantization {
            b.push_slot_always(tensor::QUANTIZATION, quantization);
        }
        if let Some(signature) = signature {
            b.push_slot_always(tensor::SHAPE_SIGNATURE, signature);
        }
        b.push_slot(tensor::BUFFER, buffer, 0);
        b.push_slot(tensor::TYPE, one.kind as i8, TensorType::Float32 as i8);
    })
}

fn write_quantization(builder: &mut Builder, one: &Quantization, known: &mut ZeroPoints) -> Table {
    let scales = builder.create_vector(&one.scales);
    let zero_points = *known
        .entry(one.zero_points.clone())
        .or_insert_with(|| builder.create_vector(&one.zero_points));
    table(builder, |b| {
        b.push_slot_always(quantization::SCALE, scales);
        b.push_slot_always(quantization::ZERO_POINT, zero_points);
        b.push_slot(quantization::DIMENSION, one.dimension, 0);
    })
}

fn write_subgraph(
    builder: &mut Builder,
    graph: &Graph,
    tensors: &[Table],
    kinds: &[Kind],
) -> Table {
    let tensors = builder.create_vector(tensors);
    let operations: Vec<Table> = graph
        .operations
        .iter()
        .map(|node| {
            let wanted = kind(graph, node);
            let index = kinds.iter().position(|&one| one == wanted);
            write_operation(builder, graph, node, index.unwrap_or_default() as u32)
        })
        .collect();
    let operations = builder.create_vector(&operations);
    let [inputs, outputs] =
        [&graph.inputs, &graph.outputs].map(|ids| builder.create_vector(&numbered(ids)));
    let name = builder.create_string("main");
    table(builder, |b| {
        b.push_slot_always(subgraph::TENSORS, tensors);
        b.push_slot_always(subgraph::INPUTS, inputs);
        b.push_slot_always(subgraph::OUTPUTS, outputs);
        b.push_slot_always(subgraph::OPERATORS, operations);
        b.push_slot_always(subgraph::NAME, name);
    })
}

fn numbered(ids: &[Id]) -> Vec<i32> {
    ids.iter().map(|&id| id as i32).collect()
}

fn write_operation(builder: &mut Builder, graph: &Graph, node: &Node, code: u32) -> Table {
    let inputs = builder.create_vector(&numbered(&node.inputs));
    let outputs = builder.create_vector(&numbered(&[node.output]));
    let settings = table(builder, |b| match node.operation {
        Operation::Conv2d(window) => {
            write_window(b, window, options::CONV_ACTIVATION);
        }
        Operation::DepthwiseConv2d(window) => {
            b.push_slot_always(options::DEPTHWISE_MULTIPLIER, 1);
            write_window(b, window, options::DEPTHWISE_ACTIVATION);
        }
        Operation::Softmax => b.push_slot_always(options::SOFTMAX_BETA, 1.0f32),
        Operation::Cast => {
            b.push_slot_always(options::CAST_FROM, graph.input_type(node) as i8);
            b.push_slot_always(options::CAST_TO, graph.tensors[node.output].kind as i8);
        }
        _ => (), // all at their defaults
    });
    table(builder, |b| {
        b.push_slot_always(operator::INPUTS, inputs);
        b.push_slot_always(operator::OUTPUTS, outputs);
        b.push_slot_always(operator::OPTIONS, settings);
        b.push_slot(operator::CODE, code, 0);
        b.push_slot_always(operator::OPTIONS_TYPE, node.operation.options());
    })
}

fn write_window(builder: &mut Builder, window: Window, activation: schema::Slot) {
    let fused = if window.relu6 { RELU6 } else { NO_ACTIVATION };
    builder.push_slot_always(options::CONV_STRIDE_W, window.stride);
    builder.push_slot_always(options::CONV_STRIDE_H, window.stride);
    builder.push_slot(activation, fused, NO_ACTIVATION);
    builder.push_slot_always(options::CONV_PADDING, window.padding as i8);
}

fn write_signature(builder: &mut Builder, graph: &Graph) -> Table {
    let [inputs, outputs] = [&graph.inputs, &graph.outputs].map(|ids| {
        let maps: Vec<Table> = ids
            .iter()
            .map(|&id| {
                let name = builder.create_string(&graph.tensors[id].name);
                table(builder, |b| {
                    b.push_slot_always(signature::MAP_NAME, name);
                    b.push_slot(signature::MAP_TENSOR, id as u32, 0);
                })
            })
            .collect();
        builder.create_vector(&maps)
    });
    let key = builder.create_string(SIGNATURE);
    table(builder, |b| {
        b.push_slot_always(signature::INPUTS, inputs);
        b.push_slot_always(signature::OUTPUTS, outputs);
        b.push_slot_always(signature::KEY, key);
    })
}
