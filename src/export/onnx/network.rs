//! The fused network in floating point, as ONNX operations.

use super::graph::{GraphBuilder, int, ints, kind};
use super::proto::{Attribute, DataType};
use crate::artifact::format::FloatPrecision;
use crate::imaging::normalize::{MEAN, STD};
use crate::model::architecture::Convolution;
use crate::model::fuse::{FusedBlock, FusedConvolution, FusedNetwork};

/// The names and values of ReLU6's bounds.
const RELU6: [(&str, f32); 2] = [("relu6.min", 0.0), ("relu6.max", 6.0)];

/// A constant in the precision of the convolutions. The normalisation and the head stay in float32.
fn constant(
    graph: &mut GraphBuilder,
    precision: FloatPrecision,
    name: &str,
    shape: &[i64],
    values: &[f32],
) -> String {
    match precision {
        FloatPrecision::F32 => graph.constant(name, shape, values),
        FloatPrecision::F16 => graph.half_constant(name, shape, values),
    }
}

/// Adds the operations from `image` (float32 in 0–1) to the last activations (float32).
pub fn features(
    graph: &mut GraphBuilder,
    network: &FusedNetwork,
    precision: FloatPrecision,
    image: &str,
) -> String {
    for (name, value) in RELU6 {
        constant(graph, precision, name, &[], &[value]);
    }
    let mut x = normalised(graph, image);
    if precision == FloatPrecision::F16 {
        let to = vec![kind("to", DataType::Float16)];
        x = graph.operation("Cast", &[&x], to, "normalise.half");
    }
    for fused in &network.blocks {
        x = block(graph, precision, fused, &x);
    }
    if precision == FloatPrecision::F16 {
        let to = vec![kind("to", DataType::Float)];
        x = graph.operation("Cast", &[&x], to, "features.single");
    }
    x
}

/// The normalised image. The mean is not fused into the first convolution, because its zero padding must stand for the
/// mean.
fn normalised(graph: &mut GraphBuilder, image: &str) -> String {
    let centred = centred(graph, image);
    let std = graph.constant("normalise.std", &[1, 3, 1, 1], &STD);
    graph.operation("Div", &[&centred, &std], vec![], "normalise.scaled")
}

/// The image minus ImageNet's mean.
pub fn centred(graph: &mut GraphBuilder, image: &str) -> String {
    let mean = graph.constant("normalise.mean", &[1, 3, 1, 1], &MEAN);
    graph.operation("Sub", &[image, &mean], vec![], "normalise.centred")
}

fn block(
    graph: &mut GraphBuilder,
    precision: FloatPrecision,
    block: &FusedBlock,
    input: &str,
) -> String {
    let mut x = input.to_owned();
    for fused in &block.convolutions {
        x = convolution(graph, precision, fused, &x);
    }
    if block.residual {
        let sum = format!("{}.sum", block.name);
        x = graph.operation("Add", &[&x, input], vec![], &sum);
    }
    x
}

fn convolution(
    graph: &mut GraphBuilder,
    precision: FloatPrecision,
    fused: &FusedConvolution,
    input: &str,
) -> String {
    let layer = &fused.layer;
    let named = |part: &str| format!("{}.{part}", layer.name);
    let weight = constant(
        graph,
        precision,
        &named("weight"),
        &layer.weight_shape(),
        &fused.weight,
    );
    let bias = constant(
        graph,
        precision,
        &named("bias"),
        &[layer.outputs as i64],
        &fused.bias,
    );
    let inputs = [input, &weight, &bias];
    let x = graph.operation("Conv", &inputs, attributes(layer), &named("convolved"));
    if !layer.relu6 {
        return x;
    }
    let [(min, _), (max, _)] = RELU6;
    graph.operation("Clip", &[&x, min, max], vec![], &named("relu6"))
}

/// The attributes of a convolution: kernel, strides, padding, dilations and groups.
pub fn attributes(layer: &Convolution) -> Vec<Attribute> {
    vec![
        ints("kernel_shape", &[layer.kernel; 2]),
        ints("strides", &[layer.stride; 2]),
        ints("pads", &[layer.padding(); 4]),
        ints("dilations", &[1; 2]),
        int("group", layer.groups),
    ]
}
