//! The fused network as a floating-point TFLite graph.

use half::f16;

use super::layers::{ActivationType, Layers, interleaved, weight_shape};
use crate::artifact::format::FloatPrecision;
use crate::artifact::interface::InputKind;
use crate::artifact::tflite::graph::{Graph, Id};
use crate::artifact::tflite::operation::Operation;
use crate::artifact::tflite::schema::TensorType;
use crate::imaging::normalize::STD;
use crate::model::fuse::{FusedConvolution, FusedNetwork};

/// The graph of a network for square images of `size` pixels.
pub fn graph(
    network: &FusedNetwork,
    size: u32,
    precision: FloatPrecision,
    input: InputKind,
) -> Graph {
    let (mut layers, centred) = Layers::from_images(size, input);
    let names = ["normalise.std", "normalise.scaled"];
    let mut x = layers.per_channel(Operation::Div, centred, names, STD);
    for block in &network.blocks {
        let input = x;
        for fused in &block.convolutions {
            let parameters = parameters(layers.graph(), fused, precision);
            let layer = &fused.layer;
            x = layers.convolution(layer, x, parameters, layer.relu6, ActivationType::Float32);
        }
        if block.residual {
            x = layers.sum(&block.name, x, input, ActivationType::Float32);
        }
    }
    let head = &network.head;
    let named = |part: &str| format!("{}.{part}", head.layer.name);
    let shape = [head.layer.outputs, head.layer.inputs];
    let graph = layers.graph();
    let weight = constant(graph, &named("weight"), &shape, &head.weight, precision);
    let bias = constant(graph, &named("bias"), &shape[..1], &head.bias, precision);
    layers.finish(x, &head.layer, [weight, bias], network.novelty.as_ref())
}

fn parameters(graph: &mut Graph, fused: &FusedConvolution, precision: FloatPrecision) -> [Id; 2] {
    let layer = &fused.layer;
    let named = |part: &str| format!("{}.{part}", layer.name);
    let weight = interleaved(layer, &fused.weight);
    [
        constant(
            graph,
            &named("weight"),
            &weight_shape(layer),
            &weight,
            precision,
        ),
        constant(
            graph,
            &named("bias"),
            &[layer.outputs],
            &fused.bias,
            precision,
        ),
    ]
}

/// A constant that operations read as float32. float16 constants are dequantized: runtimes convert them once on
/// loading, or compute in float16 if the hardware supports it.
fn constant(
    graph: &mut Graph,
    name: &str,
    shape: &[usize],
    values: &[f32],
    precision: FloatPrecision,
) -> Id {
    match precision {
        FloatPrecision::F32 => graph.floats(name, shape, values),
        FloatPrecision::F16 => {
            let halves = values
                .iter()
                .flat_map(|&value| f16::from_f32(value).to_le_bytes());
            let kept = format!("{name}.float16");
            let kept = graph.constant(&kept, shape, TensorType::Float16, None, halves.collect());
            let dequantized = graph.dequantized_constant(name, shape);
            graph.operation(Operation::Dequantize, &[kept], dequantized)
        }
    }
}
