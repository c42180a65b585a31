//! The folded network in floating point, as operations.

use super::graph::{GraphBuilder, int, ints, kind};
use super::proto::{Attribute, DataType};
use crate::model::fold::{FoldedBlock, FoldedConvolution, FoldedNetwork};
use crate::model::layers::Convolution;
use crate::preprocess::{MEAN, STD};

/// Names of the two constants between which ReLU6 clips.
const RELU6: [(&str, f32); 2] = [("relu6.min", 0.0), ("relu6.max", 6.0)];

/// The numbers that the convolutions compute with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// 32 bits.
    Single,
    /// 16 bits, weights and arithmetic: half the size. The normalisation before and the head after stay in 32.
    Half,
}

impl Numbers {
    fn constant(
        self,
        graph: &mut GraphBuilder,
        name: &str,
        shape: &[i64],
        values: &[f32],
    ) -> String {
        match self {
            Self::Single => graph.constant(name, shape, values),
            Self::Half => graph.half_constant(name, shape, values),
        }
    }
}

/// From `image` (float32 in 0–1) to the last activations (float32).
pub fn features(
    graph: &mut GraphBuilder,
    network: &FoldedNetwork,
    numbers: Numbers,
    image: &str,
) -> String {
    for (name, value) in RELU6 {
        numbers.constant(graph, name, &[], &[value]);
    }
    let mut x = normalised(graph, image);
    if numbers == Numbers::Half {
        let to = vec![kind("to", DataType::Float16)];
        x = graph.operation("Cast", &[&x], to, "normalise.half");
    }
    for folded in &network.blocks {
        x = block(graph, numbers, folded, &x);
    }
    if numbers == Numbers::Half {
        let to = vec![kind("to", DataType::Float)];
        x = graph.operation("Cast", &[&x], to, "features.single");
    }
    x
}

/// The image, normalised. The mean is not folded into the first convolution, because that pads with
/// zeros, which would then stand for grey instead of the mean.
fn normalised(graph: &mut GraphBuilder, image: &str) -> String {
    let centred = centred(graph, image);
    let std = graph.constant("normalise.std", &[1, 3, 1, 1], &STD);
    graph.operation("Div", &[&centred, &std], vec![], "normalise.scaled")
}

/// The image without ImageNet's mean.
pub fn centred(graph: &mut GraphBuilder, image: &str) -> String {
    let mean = graph.constant("normalise.mean", &[1, 3, 1, 1], &MEAN);
    graph.operation("Sub", &[image, &mean], vec![], "normalise.centred")
}

fn block(graph: &mut GraphBuilder, numbers: Numbers, block: &FoldedBlock, input: &str) -> String {
    let mut x = input.to_owned();
    for folded in &block.convolutions {
        x = convolution(graph, numbers, folded, &x);
    }
    if block.residual {
        let sum = format!("{}.sum", block.name);
        x = graph.operation("Add", &[&x, input], vec![], &sum);
    }
    x
}

fn convolution(
    graph: &mut GraphBuilder,
    numbers: Numbers,
    folded: &FoldedConvolution,
    input: &str,
) -> String {
    let layer = &folded.layer;
    let named = |part: &str| format!("{}.{part}", layer.name);
    let weight = numbers.constant(
        graph,
        &named("weight"),
        &layer.weight_shape(),
        &folded.weight,
    );
    let bias = numbers.constant(graph, &named("bias"), &[layer.outputs as i64], &folded.bias);
    let inputs = [input, &weight, &bias];
    let x = graph.operation("Conv", &inputs, settings(layer), &named("convolved"));
    if !layer.relu6 {
        return x;
    }
    let [(min, _), (max, _)] = RELU6;
    graph.operation("Clip", &[&x, min, max], vec![], &named("relu6"))
}

/// Kernel, stride, padding and groups of a convolution.
pub fn settings(layer: &Convolution) -> Vec<Attribute> {
    vec![
        ints("kernel_shape", &[layer.kernel; 2]),
        ints("strides", &[layer.stride; 2]),
        ints("pads", &[layer.padding(); 4]),
        ints("dilations", &[1; 2]),
        int("group", layer.groups),
    ]
}
