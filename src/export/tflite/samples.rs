//! Networks of a few kilobytes, for tests of the writer and the reader.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::artifact::description::{Description, FileDescription};
use crate::artifact::format::Format;
use crate::artifact::interface::{InputKind, Interface};
use crate::artifact::quantization::QuantizationParams;
use crate::dataset::part::Part;
use crate::export::quantize::{QuantizedBlock, QuantizedConvolution, QuantizedNetwork};
use crate::imaging::resize::ResizeRule;
use crate::model::architecture::{Convolution, Linear};
use crate::model::fuse::{FusedBlock, FusedConvolution, FusedLinear, FusedNetwork};
use crate::model::novelty::Novelty;
use crate::model::novelty_rule::NoveltyRule;

/// The side of the images, in pixels.
pub const SIDE: u32 = 8;

/// The description of a file with this input type.
pub fn described(description: &Description, kind: InputKind) -> FileDescription<'_> {
    FileDescription {
        description,
        interface: Interface::new(
            Format::Tflite,
            description.resize,
            kind,
            false,
            description.classes.len(),
        )
        .with_novelty(true),
    }
}

/// The description of the released network, with smaller images.
pub fn description() -> Description {
    let json = include_str!("../../../exports/released/model.json");
    let mut description: Description = serde_json::from_str(json).unwrap();
    description.resize = ResizeRule::square(SIDE);
    description.novelty = NoveltyRule::new(vec![0.5], Part::Val);
    description
}

/// A network with every kind of layer of MobileNetV2.
pub fn network() -> FusedNetwork {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut numbers =
        |count: usize| -> Vec<f32> { (0..count).map(|_| rng.random_range(-0.5..0.5)).collect() };
    let mut convolution = |name: &str, shape: [usize; 5], relu6| {
        let [inputs, outputs, kernel, stride, groups] = shape;
        let layer = Convolution {
            name: name.into(),
            norm: String::new(),
            inputs,
            outputs,
            kernel,
            stride,
            groups,
            relu6,
        };
        let count = layer.weight_shape().iter().product::<i64>() as usize;
        FusedConvolution {
            weight: numbers(count),
            bias: numbers(outputs),
            layer,
        }
    };
    let stem = vec![convolution("stem", [3, 4, 3, 2, 1], true)];
    let residual = vec![
        convolution("residual.expand", [4, 8, 1, 1, 1], true),
        convolution("residual.filter", [8, 8, 3, 1, 8], true),
        convolution("residual.project", [8, 4, 1, 1, 1], false),
    ];
    let strided = vec![
        convolution("strided.filter", [4, 4, 3, 2, 4], true),
        convolution("strided.project", [4, 6, 1, 1, 1], false),
    ];
    let block = |name: &str, convolutions, residual| FusedBlock {
        name: name.into(),
        convolutions,
        residual,
    };
    FusedNetwork {
        blocks: vec![
            block("stem", stem, false),
            block("residual", residual, true),
            block("strided", strided, false),
        ],
        head: FusedLinear {
            layer: Linear {
                name: "head".into(),
                inputs: 6,
                outputs: 7,
            },
            weight: numbers(42),
            bias: numbers(7),
        },
        novelty: Some(Novelty {
            mean: numbers(6),
            directions: numbers(12),
        }),
    }
}

/// The same layers with random quantized weights and made-up quantization parameters.
pub fn quantized() -> QuantizedNetwork {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let real = network();
    let params = |scale, zero_point| QuantizationParams { scale, zero_point };
    let mut convolution = |fused: &FusedConvolution| QuantizedConvolution {
        layer: fused.layer.clone(),
        weight: fused
            .weight
            .iter()
            .map(|_| rng.random_range(-127..=127))
            .collect(),
        weight_scales: (0..fused.layer.outputs)
            .map(|_| rng.random_range(0.001..0.01))
            .collect(),
        bias: fused
            .bias
            .iter()
            .map(|_| rng.random_range(-999..999))
            .collect(),
        output: match fused.layer.relu6 {
            true => params(6.0 / 255.0, 0),
            false => params(0.03, 119),
        },
    };
    let blocks = real.blocks.iter().map(|block| QuantizedBlock {
        name: block.name.clone(),
        convolutions: block.convolutions.iter().map(&mut convolution).collect(),
        sum: block.residual.then_some(params(0.04, 20)),
    });
    QuantizedNetwork {
        input: params(1.0 / 255.0, 124),
        blocks: blocks.collect(),
        head: real.head,
        novelty: real.novelty,
    }
}
