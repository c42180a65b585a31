//! The network in whole numbers, as operations: each tensor is brought to its codes and read back from them (QDQ), which
//! runtimes fuse into arithmetic on the codes themselves.

use super::graph::{GraphBuilder, int};
use super::network::{centred, settings};
use crate::artifact::quantization::QuantizationParams;
use crate::export::quantize::{QuantizedBlock, QuantizedConvolution, QuantizedNetwork};

/// From `image` (float32 in 0–1) to the last activations (float32).
pub fn features(graph: &mut GraphBuilder, network: &QuantizedNetwork, image: &str) -> String {
    let image = centred(graph, image);
    let mut x = Coded {
        values: through_codes(graph, &image, network.input),
        params: network.input,
    };
    for fused in &network.blocks {
        x = block(graph, fused, x);
    }
    x.values
}

/// A tensor that has been through its codes.
struct Coded {
    values: String,
    params: QuantizationParams,
}

fn block(graph: &mut GraphBuilder, block: &QuantizedBlock, input: Coded) -> Coded {
    let before = input.values.clone();
    let mut x = input;
    for quantized in &block.convolutions {
        x = convolution(graph, quantized, &x);
    }
    if let Some(params) = block.sum {
        let sum = format!("{}.sum", block.name);
        let sum = graph.operation("Add", &[&x.values, &before], vec![], &sum);
        x = Coded {
            values: through_codes(graph, &sum, params),
            params,
        };
    }
    x
}

fn convolution(graph: &mut GraphBuilder, quantized: &QuantizedConvolution, x: &Coded) -> Coded {
    let layer = &quantized.layer;
    let outputs = layer.outputs as i64;
    let named = |part: &str| format!("{}.{part}", layer.name);

    let codes = graph.int8_constant(
        &named("weight.codes"),
        &layer.weight_shape(),
        &quantized.weight,
    );
    let scales = graph.constant(
        &named("weight.scales"),
        &[outputs],
        &quantized.weight_scales,
    );
    let by_output = || vec![int("axis", 0)];
    let read = "DequantizeLinear";
    let weight = graph.operation(read, &[&codes, &scales], by_output(), &named("weight"));

    let codes = graph.int32_constant(&named("bias.codes"), &[outputs], &quantized.bias);
    let bias_scales: Vec<f32> = (quantized.weight_scales.iter())
        .map(|scale| x.params.scale * scale)
        .collect();
    let scales = graph.constant(&named("bias.scales"), &[outputs], &bias_scales);
    let bias = graph.operation(read, &[&codes, &scales], by_output(), &named("bias"));

    // No Clip for ReLU6: the codes of the output end where it does.
    let inputs = [&x.values[..], &weight, &bias];
    let convolved = graph.operation("Conv", &inputs, settings(layer), &named("convolved"));
    Coded {
        values: through_codes(graph, &convolved, quantized.output),
        params: quantized.output,
    }
}

fn through_codes(graph: &mut GraphBuilder, values: &str, params: QuantizationParams) -> String {
    let named = |part: &str| format!("{values}.{part}");
    let scale = graph.constant(&named("scale"), &[], &[params.scale]);
    let zero = graph.uint8_constant(&named("zero_point"), &[], &[params.zero_point]);
    let inputs = [values, &scale, &zero];
    let codes = graph.operation("QuantizeLinear", &inputs, vec![], &named("codes"));
    let inputs = [&codes[..], &scale, &zero];
    graph.operation("DequantizeLinear", &inputs, vec![], &named("read"))
}
