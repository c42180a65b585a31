//! The folded network as an ONNX graph, from RGB in 0–1 to probabilities and logits.

use super::graph::{GraphBuilder, int, ints};
use super::proto::{Extent, Graph};
use crate::export::description::{INPUT, LOGITS, PROBABILITIES};
use crate::model::fold::{FoldedBlock, FoldedConvolution, FoldedNetwork};
use crate::preprocess::{MEAN, STD};

/// The free dimension: any number of images at once.
const BATCH: &str = "batch";

/// Names of the two constants between which ReLU6 clips.
const RELU6: [(&str, f32); 2] = [("relu6.min", 0.0), ("relu6.max", 6.0)];

/// The graph of a network for square images of `size` pixels.
pub fn graph(network: &FoldedNetwork, size: u32) -> Graph {
    let mut graph = GraphBuilder::new("skinlesion");
    for (name, value) in RELU6 {
        graph.constant(name, &[], &[value]);
    }
    let mut x = input(&mut graph, size);
    for folded in &network.blocks {
        x = block(&mut graph, folded, &x);
    }
    let pooled = graph.operation("GlobalAveragePool", &[&x], vec![], "pool");
    let features = graph.operation("Flatten", &[&pooled], vec![int("axis", 1)], "features");
    head(&mut graph, network, &features);
    graph.finish()
}

/// The image, normalised. The mean is not folded into the first convolution, because that pads with
/// zeros, which would then stand for grey instead of the mean.
fn input(graph: &mut GraphBuilder, size: u32) -> String {
    let [batch, channels] = [Extent::Free(BATCH.into()), Extent::Fixed(3)];
    let side = Extent::Fixed(size.into());
    let doc = "RGB in 0-1, NCHW, resized as the metadata say";
    let image = graph.input(INPUT, &[batch, channels, side.clone(), side], doc);
    let mean = graph.constant("normalise.mean", &[1, 3, 1, 1], &MEAN);
    let std = graph.constant("normalise.std", &[1, 3, 1, 1], &STD);
    let centred = graph.operation("Sub", &[&image, &mean], vec![], "normalise.centred");
    graph.operation("Div", &[&centred, &std], vec![], "normalise.scaled")
}

fn block(graph: &mut GraphBuilder, block: &FoldedBlock, input: &str) -> String {
    let mut x = input.to_owned();
    for folded in &block.convolutions {
        x = convolution(graph, folded, &x);
    }
    if block.residual {
        let sum = format!("{}.sum", block.name);
        x = graph.operation("Add", &[&x, input], vec![], &sum);
    }
    x
}

fn convolution(graph: &mut GraphBuilder, folded: &FoldedConvolution, input: &str) -> String {
    let layer = &folded.layer;
    let named = |part: &str| format!("{}.{part}", layer.name);
    let weight = graph.constant(&named("weight"), &layer.weight_shape(), &folded.weight);
    let bias = graph.constant(&named("bias"), &[layer.outputs as i64], &folded.bias);
    let attributes = vec![
        ints("kernel_shape", &[layer.kernel; 2]),
        ints("strides", &[layer.stride; 2]),
        ints("pads", &[layer.padding(); 4]),
        ints("dilations", &[1; 2]),
        int("group", layer.groups),
    ];
    let x = graph.operation(
        "Conv",
        &[input, &weight, &bias],
        attributes,
        &named("convolved"),
    );
    if !layer.relu6 {
        return x;
    }
    let [(min, _), (max, _)] = RELU6;
    graph.operation("Clip", &[&x, min, max], vec![], &named("relu6"))
}

fn head(graph: &mut GraphBuilder, network: &FoldedNetwork, features: &str) {
    let head = &network.head;
    let (inputs, classes) = (head.layer.inputs as i64, head.layer.outputs as i64);
    let named = |part: &str| format!("{}.{part}", head.layer.name);
    let weight = graph.constant(&named("weight"), &[classes, inputs], &head.weight);
    let bias = graph.constant(&named("bias"), &[classes], &head.bias);
    let logits = graph.operation(
        "Gemm",
        &[features, &weight, &bias],
        vec![int("transB", 1)],
        LOGITS,
    );
    graph.operation("Softmax", &[&logits], vec![int("axis", 1)], PROBABILITIES);
    let shape = [Extent::Free(BATCH.into()), Extent::Fixed(classes)];
    graph.output(
        PROBABILITIES,
        &shape,
        "softmax of the logits, one per class",
    );
    graph.output(LOGITS, &shape, "before the softmax");
}
