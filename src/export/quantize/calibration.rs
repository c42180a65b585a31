//! Quantizes a fused network with calibration images.

use std::iter;

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::activations::{QuantizedActivations, quantized};
use super::equalise::equalise;
use super::ranges::{BINS, Histogram};
use super::rounding::{self, Rounded};
use super::{
    QuantizationParams, QuantizedBlock, QuantizedConvolution, QuantizedNetwork, RangeRule,
};
use crate::imaging::normalize::STD;
use crate::model::fuse::{FusedConvolution, FusedNetwork};
use crate::model::inference_network::InferenceNetwork;
use crate::model::input;
use crate::progress::Progress;
use crate::{Error, Result};

/// The number of calibration images.
pub const CALIBRATION_IMAGES: usize = 384;

/// The batch size.
const BATCH: usize = 32;

/// Quantizes a network to int8. `rule` selects the quantization parameters of activations from their histograms on
/// `images` (preprocessed, `side` × `side` pixels, from the training split because this fits parameters). Weights are
/// then rounded layer by layer to minimise the error of the layer's output on the quantized outputs of earlier layers.
pub fn quantize(
    network: &FusedNetwork,
    images: &[&[u8]],
    side: usize,
    rule: RangeRule,
    progress: &dyn Progress,
) -> Result<QuantizedNetwork> {
    let mut network = fuse_std(network);
    let batches = images
        .chunks(BATCH)
        .map(|batch| {
            Ok(input::centred(&input::bytes_to_tensor(
                batch,
                side,
                Device::Cpu,
            )?))
        })
        .collect::<Result<Vec<_>>>()?;
    let _guard = tch::no_grad_guard();
    let maxima = channel_maxima(&network, &batches, progress)?;
    equalise(&mut network, &maxima);
    let histograms = histograms(&network, &batches, progress)?;
    let params: Vec<QuantizationParams> = histograms
        .par_iter()
        .map(|histogram| histogram.params(rule))
        .collect();
    round(&network, &batches, params, progress)
}

/// Fuses the division by ImageNet's standard deviation into the first convolution: the input is the image minus the
/// mean.
fn fuse_std(network: &FusedNetwork) -> FusedNetwork {
    let mut network = network.clone();
    if let Some(first) = network.blocks.first_mut() {
        let area = first.convolutions[0].layer.kernel.pow(2);
        for (index, weight) in first.convolutions[0].weight.iter_mut().enumerate() {
            *weight /= STD[index / area % STD.len()];
        }
    }
    network
}

/// The largest value of each output channel of each convolution.
fn channel_maxima(
    network: &FusedNetwork,
    batches: &[Tensor],
    progress: &dyn Progress,
) -> Result<Vec<Vec<f32>>> {
    let is_convolution: Vec<bool> = iter::once(false)
        .chain(network.blocks.iter().flat_map(|block| {
            let convolutions = iter::repeat_n(true, block.convolutions.len());
            convolutions.chain(block.residual.then_some(false))
        }))
        .collect();
    let network = InferenceNetwork::new(network, Device::Cpu)?;
    progress.start("Measuring channel maxima", batches.len() as u64);
    let mut largest: Vec<Tensor> = Vec::new();
    for batch in batches {
        let mut seen = Vec::new();
        let _last = network.activations_with_hook(batch, &mut |tensor| {
            seen.push(tensor.amax([0i64, 2, 3].as_slice(), false));
        });
        largest = match largest.is_empty() {
            true => seen,
            false => (largest.iter().zip(&seen))
                .map(|(a, b)| a.maximum(b))
                .collect(),
        };
        progress.advance(1);
    }
    progress.finish();
    (largest.iter().zip(is_convolution))
        .filter(|&(_, of_convolution)| of_convolution)
        .map(|(tensor, _)| Vec::try_from(tensor).map_err(Error::torch("reading activations")))
        .collect()
}

/// The histogram of each activation tensor, in the order of [`InferenceNetwork::activations_with_hook`]. The first pass
/// over the images finds the ranges, the second fills the bins.
fn histograms(
    network: &FusedNetwork,
    batches: &[Tensor],
    progress: &dyn Progress,
) -> Result<Vec<Histogram>> {
    let network = InferenceNetwork::new(network, Device::Cpu)?;
    progress.start("Measuring activation histograms", 2 * batches.len() as u64);
    let mut histograms: Vec<Histogram> = Vec::new();
    for batch in batches {
        let mut ends = Vec::new();
        let _last = network.activations_with_hook(batch, &mut |tensor| {
            ends.push([tensor.min(), tensor.max()].map(|end| end.double_value(&[])));
        });
        histograms.resize(ends.len(), Histogram::default());
        for (histogram, [low, high]) in histograms.iter_mut().zip(ends) {
            (histogram.low, histogram.high) = (histogram.low.min(low), histogram.high.max(high));
        }
        progress.advance(1);
    }
    for batch in batches {
        let mut left = histograms.iter_mut();
        let mut failed = None;
        let _last = network.activations_with_hook(batch, &mut |tensor| {
            let counted = left.next().map(|histogram| count(histogram, tensor));
            failed = failed.take().or(counted.and_then(Result::err));
        });
        failed.map_or(Ok(()), Err)?;
        progress.advance(1);
    }
    progress.finish();
    Ok(histograms)
}

/// Adds a tensor's values, all of which lie within the range, to a histogram.
fn count(histogram: &mut Histogram, tensor: &Tensor) -> Result<()> {
    if histogram.high <= histogram.low {
        return Ok(());
    }
    let range = [histogram.low, histogram.high];
    let counts = tensor
        .f_histogram_bin_ct::<Tensor>(BINS as i64, range, None, false)
        .and_then(|(counts, _)| counts.f_to_kind(Kind::Double));
    let counts: Vec<f64> = counts
        .and_then(Vec::try_from)
        .map_err(Error::torch("computing histograms"))?;
    for (sum, count) in histogram.counts.iter_mut().zip(counts) {
        *sum += count;
    }
    Ok(())
}

/// Rounds the weights layer by layer, on the quantized outputs of earlier layers.
fn round(
    network: &FusedNetwork,
    batches: &[Tensor],
    params: Vec<QuantizationParams>,
    progress: &dyn Progress,
) -> Result<QuantizedNetwork> {
    let mut params = params.into_iter();
    let mut next = || {
        params.next().ok_or_else(|| {
            Error::input(
                "the network",
                "some activations were not calibrated",
                "Export the checkpoint again.",
            )
        })
    };
    let layers = network.blocks.iter().map(|block| block.convolutions.len());
    progress.start("Rounding weights", layers.sum::<usize>() as u64);
    let input = next()?;
    let mut x = QuantizedActivations {
        params: input,
        batches: batches
            .iter()
            .map(|batch| quantized(batch, input))
            .collect(),
    };
    let mut blocks = Vec::with_capacity(network.blocks.len());
    for block in &network.blocks {
        let before = x.clone();
        let mut convolutions = Vec::with_capacity(block.convolutions.len());
        for fused in &block.convolutions {
            let convolution = round_one(fused, &x, next()?)?;
            x = x.after(&convolution)?;
            convolutions.push(convolution);
            progress.advance(1);
        }
        let sum = if block.residual { Some(next()?) } else { None };
        if let Some(params) = sum {
            x = x.plus(&before, params);
        }
        blocks.push(QuantizedBlock {
            name: block.name.clone(),
            convolutions,
            sum,
        });
    }
    progress.finish();
    Ok(QuantizedNetwork {
        input,
        blocks,
        head: network.head.clone(),
        novelty: network.novelty.clone(),
    })
}

/// The largest quantized bias. Half of the range of i32 is left to the sum of the products.
const LARGEST_BIAS: f64 = (i32::MAX / 2) as f64;

/// Quantizes a convolution. The weights of outputs with the same inputs (one group) are rounded together.
fn round_one(
    fused: &FusedConvolution,
    x: &QuantizedActivations,
    output: QuantizationParams,
) -> Result<QuantizedConvolution> {
    let layer = &fused.layer;
    let inputs = layer.inputs / layer.groups * layer.kernel.pow(2);
    let products = x.products(layer, inputs)?;
    let (mut weight, mut weight_scales) = (Vec::new(), Vec::new());
    let outputs = layer.outputs / layer.groups;
    let least_scales: Vec<f32> = (fused.bias.iter())
        .map(|bias| (f64::from(bias.abs()) / LARGEST_BIAS / f64::from(x.params.scale)) as f32)
        .collect();
    let groups = fused.weight.chunks_exact(outputs * inputs);
    for (index, (weights, least)) in groups.zip(least_scales.chunks_exact(outputs)).enumerate() {
        let products = products.get(index as i64);
        let Rounded { values, scales } = rounding::round(weights, inputs, &products, least)?;
        weight.extend(values);
        weight_scales.extend(scales);
    }
    let bias = (fused.bias.iter().zip(&weight_scales))
        .map(|(&bias, &scale)| {
            (f64::from(bias) / (f64::from(x.params.scale) * f64::from(scale))).round() as i32
        })
        .collect();
    Ok(QuantizedConvolution {
        layer: layer.clone(),
        weight,
        weight_scales,
        bias,
        output,
    })
}
