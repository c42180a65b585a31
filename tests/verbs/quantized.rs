//! A network in whole numbers by the plainest rule, for tests of formats that hold one.

use skinlesion::export::quantize::{Grid, QuantizedBlock, QuantizedConvolution, QuantizedNetwork};
use skinlesion::model::fold::{FoldedConvolution, FoldedNetwork};
use skinlesion::model::input;
use skinlesion::preprocess::{MEAN, STD};
use tch::{Device, Tensor};

/// Weights as wide as the largest of each output, activations as wide as the extremes on some images.
pub fn min_max(network: &FoldedNetwork, images: &[&[u8]], side: usize) -> QuantizedNetwork {
    let bytes = input::bytes_to_tensor(images, side, Device::Cpu).unwrap();
    let mut x = input::to_unit(&bytes) - Tensor::from_slice(&MEAN).view([1, 3, 1, 1]);
    let input = grid(&x);
    let mut before = input;
    let mut blocks = Vec::new();
    for (place, block) in network.blocks.iter().enumerate() {
        let entered = x.shallow_clone();
        let mut convolutions = Vec::new();
        for folded in &block.convolutions {
            let mut folded = folded.clone();
            if place == 0 && convolutions.is_empty() {
                divide_by_deviation(&mut folded);
            }
            x = run(&folded, &x);
            let output = grid(&x);
            convolutions.push(quantized(&folded, before, output));
            before = output;
        }
        if block.residual {
            x += entered;
            before = grid(&x);
        }
        blocks.push(QuantizedBlock {
            name: block.name.clone(),
            convolutions,
            sum: block.residual.then_some(before),
        });
    }
    QuantizedNetwork {
        input,
        blocks,
        head: network.head.clone(),
    }
}

fn divide_by_deviation(stem: &mut FoldedConvolution) {
    let area = stem.layer.kernel * stem.layer.kernel;
    for (place, weight) in stem.weight.iter_mut().enumerate() {
        *weight /= STD[place / area % 3];
    }
}

fn run(folded: &FoldedConvolution, x: &Tensor) -> Tensor {
    let layer = &folded.layer;
    let weight = Tensor::from_slice(&folded.weight).view(&layer.weight_shape()[..]);
    let bias = Tensor::from_slice(&folded.bias);
    let (stride, padding) = ([layer.stride as i64; 2], [layer.padding() as i64; 2]);
    let y = x.conv2d(
        &weight,
        Some(&bias),
        stride,
        padding,
        [1, 1],
        layer.groups as i64,
    );
    if layer.relu6 { y.relu6() } else { y }
}

fn grid(x: &Tensor) -> Grid {
    let low = x.min().double_value(&[]).min(0.0);
    let high = x.max().double_value(&[]).max(0.0);
    let scale = (high - low) / 255.0;
    Grid {
        scale: scale as f32,
        zero_point: (-low / scale).round() as u8,
    }
}

fn quantized(folded: &FoldedConvolution, input: Grid, output: Grid) -> QuantizedConvolution {
    let layer = folded.layer.clone();
    let rows = folded.weight.chunks(folded.weight.len() / layer.outputs);
    let (mut weight, mut weight_scales, mut bias) = (Vec::new(), Vec::new(), Vec::new());
    for (row, offset) in rows.zip(&folded.bias) {
        let largest = row
            .iter()
            .fold(f32::MIN_POSITIVE, |max, w| max.max(w.abs()));
        let scale = largest / 127.0;
        weight.extend(row.iter().map(|w| (w / scale).round() as i8));
        bias.push((offset / (input.scale * scale)).round() as i32);
        weight_scales.push(scale);
    }
    QuantizedConvolution {
        layer,
        weight,
        weight_scales,
        bias,
        output,
    }
}
