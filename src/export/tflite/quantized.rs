//! The quantized network as a TFLite graph: int8 convolutions and sums, then float32 from the mean on.

use super::layers::{ActivationType, Layers, interleaved, is_depthwise, weight_shape};
use crate::artifact::interface::InputKind;
use crate::artifact::quantization::QuantizationParams;
use crate::artifact::tflite::graph::{Graph, Id, Quantization};
use crate::artifact::tflite::schema::TensorType;
use crate::export::quantize::{QuantizedConvolution, QuantizedNetwork};

/// The graph of a network for square images of `size` pixels.
pub fn graph(network: &QuantizedNetwork, size: u32, input: InputKind) -> Graph {
    let (mut layers, centred) = Layers::from_images(size, input);
    let mut params = network.input;
    let mut x = layers.convert(centred, "image.int8", ActivationType::Int8(params));
    for block in &network.blocks {
        let input = x;
        for quantized in &block.convolutions {
            let parameters = parameters(layers.graph(), quantized, params);
            params = quantized.output;
            // No fused ReLU6: the range of the quantization parameters already clips.
            let (layer, activation_type) = (&quantized.layer, ActivationType::Int8(params));
            x = layers.convolution(layer, x, parameters, false, activation_type);
        }
        if let Some(sum) = block.sum {
            params = sum;
            x = layers.sum(&block.name, x, input, ActivationType::Int8(params));
        }
    }
    let features = layers.convert(x, "features.float32", ActivationType::Float32);
    let head = &network.head;
    let named = |part: &str| format!("{}.{part}", head.layer.name);
    let shape = [head.layer.outputs, head.layer.inputs];
    let weight = layers
        .graph()
        .floats(&named("weight"), &shape, &head.weight);
    let bias = layers
        .graph()
        .floats(&named("bias"), &shape[..1], &head.bias);
    let novelty = network.novelty.as_ref();
    layers.finish(features, &head.layer, [weight, bias], novelty)
}

fn parameters(
    graph: &mut Graph,
    quantized: &QuantizedConvolution,
    input: QuantizationParams,
) -> [Id; 2] {
    let layer = &quantized.layer;
    let named = |part: &str| format!("{}.{part}", layer.name);
    let scales = &quantized.weight_scales;
    let dimension = if is_depthwise(layer) { 3 } else { 0 }; // the dimension of the outputs
    let weight = interleaved(layer, &quantized.weight);
    let weight = graph.constant(
        &named("weight"),
        &weight_shape(layer),
        TensorType::Int8,
        Some(Quantization::per_channel(scales.clone(), dimension)),
        weight.iter().map(|&value| value as u8).collect(),
    );
    let bias_scales = scales.iter().map(|scale| input.scale * scale).collect();
    let bias = graph.constant(
        &named("bias"),
        &[layer.outputs],
        TensorType::Int32,
        Some(Quantization::per_channel(bias_scales, 0)),
        quantized
            .bias
            .iter()
            .flat_map(|b| b.to_le_bytes())
            .collect(),
    );
    [weight, bias]
}
