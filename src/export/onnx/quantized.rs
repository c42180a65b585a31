//! The int8-quantized network as ONNX operations in QDQ format: each tensor is quantized and dequantized, and runtimes
//! fuse these pairs into int8 kernels.

use super::graph::{GraphBuilder, int};
use super::network::{attributes, centred};
use crate::artifact::quantization::QuantizationParams;
use crate::export::quantize::{QuantizedBlock, QuantizedConvolution, QuantizedNetwork};

/// Adds the operations from `image` (float32 in 0–1) to the last activations (float32).
pub fn features(graph: &mut GraphBuilder, network: &QuantizedNetwork, image: &str) -> String {
    let image = centred(graph, image);
    let mut x = Activation {
        values: quantize_dequantize(graph, &image, network.input),
        params: network.input,
    };
    for fused in &network.blocks {
        x = block(graph, fused, x);
    }
    x.values
}

/// A dequantized tensor and its quantization parameters.
struct Activation {
    values: String,
    params: QuantizationParams,
}

fn block(graph: &mut GraphBuilder, block: &QuantizedBlock, input: Activation) -> Activation {
    let before = input.values.clone();
    let mut x = input;
    for quantized in &block.convolutions {
        x = convolution(graph, quantized, &x);
    }
    if let Some(params) = block.sum {
        let sum = format!("{}.sum", block.name);
        let sum = graph.operation("Add", &[&x.values, &before], vec![], &sum);
        x = Activation {
            values: quantize_dequantize(graph, &sum, params),
            params,
        };
    }
    x
}

fn convolution(
    graph: &mut GraphBuilder,
    quantized: &QuantizedConvolution,
    x: &Activation,
) -> Activation {
    let layer = &quantized.layer;
    let outputs = layer.outputs as i64;
    let named = |part: &str| format!("{}.{part}", layer.name);

    let quantized_weight = graph.int8_constant(
        &named("weight.codes"),
        &layer.weight_shape(),
        &quantized.weight,
    );
    let scales = graph.constant(
        &named("weight.scales"),
        &[outputs],
        &quantized.weight_scales,
    );
    let per_output = || vec![int("axis", 0)];
    let dequantize = "DequantizeLinear";
    let weight = graph.operation(
        dequantize,
        &[&quantized_weight, &scales],
        per_output(),
        &named("weight"),
    );

    let quantized_bias = graph.int32_constant(&named("bias.codes"), &[outputs], &quantized.bias);
    let bias_scales: Vec<f32> = (quantized.weight_scales.iter())
        .map(|scale| x.params.scale * scale)
        .collect();
    let scales = graph.constant(&named("bias.scales"), &[outputs], &bias_scales);
    let bias = graph.operation(
        dequantize,
        &[&quantized_bias, &scales],
        per_output(),
        &named("bias"),
    );

    // No Clip for ReLU6: the range of the output's quantization parameters already clips.
    let inputs = [&x.values[..], &weight, &bias];
    let convolved = graph.operation("Conv", &inputs, attributes(layer), &named("convolved"));
    Activation {
        values: quantize_dequantize(graph, &convolved, quantized.output),
        params: quantized.output,
    }
}

fn quantize_dequantize(
    graph: &mut GraphBuilder,
    values: &str,
    params: QuantizationParams,
) -> String {
    let named = |part: &str| format!("{values}.{part}");
    let scale = graph.constant(&named("scale"), &[], &[params.scale]);
    let zero = graph.uint8_constant(&named("zero_point"), &[], &[params.zero_point]);
    let inputs = [values, &scale, &zero];
    let quantized = graph.operation("QuantizeLinear", &inputs, vec![], &named("codes"));
    let inputs = [&quantized[..], &scale, &zero];
    graph.operation("DequantizeLinear", &inputs, vec![], &named("read"))
}
