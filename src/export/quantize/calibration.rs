//! Quantizes a fused network with calibration images.

use std::iter;

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::equalise::equalise;
use super::ranges::{BINS, Histogram};
use super::rounding::{self, Rounded};
use super::{
    QuantizationParams, QuantizedBlock, QuantizedConvolution, QuantizedNetwork, RangeRule,
};
use crate::imaging::normalize::STD;
use crate::model::architecture::Convolution;
use crate::model::fuse::{FusedConvolution, FusedNetwork};
use crate::model::inference_network::{InferenceNetwork, convolve};
use crate::model::input;
use crate::progress::Progress;
use crate::{Error, Result};

/// The number of calibration images.
pub const CALIBRATION_IMAGES: usize = 384;

/// The batch size.
const BATCH: usize = 32;

/// 3×3 layers have few weights and many positions: every fourth batch suffices for their input products.
const BATCH_STRIDE: usize = 4;

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

/// The histogram of each activation tensor, in the order of [`InferenceNetwork::activations_with_hook`]. The first pass over the
/// images finds the ranges, the second fills the bins.
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
    })
}

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
    let group = layer.outputs / layer.groups * inputs;
    for (index, weights) in fused.weight.chunks_exact(group).enumerate() {
        let products = products.get(index as i64);
        let Rounded { values, scales } = rounding::round(weights, inputs, &products)?;
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

/// The quantized activations of one tensor for all calibration images (u8, N × C × H × W).
struct QuantizedActivations {
    params: QuantizationParams,
    batches: Vec<Tensor>,
}

impl Clone for QuantizedActivations {
    fn clone(&self) -> Self {
        Self {
            params: self.params,
            batches: self.batches.iter().map(Tensor::shallow_clone).collect(),
        }
    }
}

impl QuantizedActivations {
    fn values(&self) -> impl Iterator<Item = Tensor> {
        self.batches
            .iter()
            .map(|batch| dequantized(batch, self.params))
    }

    /// For each group of a layer, the inputs' Gram matrix summed over images and positions (groups × inputs × inputs,
    /// double).
    fn products(&self, layer: &Convolution, inputs: usize) -> Result<Tensor> {
        let (groups, inputs) = (layer.groups as i64, inputs as i64);
        let [kernel, padding, stride] =
            [layer.kernel, layer.padding(), layer.stride].map(|n| [n as i64; 2]);
        let every = if layer.kernel > 1 { BATCH_STRIDE } else { 1 };
        let kind = (Kind::Double, Device::Cpu);
        let mut sums = Tensor::zeros([groups, inputs, inputs], kind);
        for batch in self.values().step_by(every) {
            let seen = batch
                .f_im2col(kernel, [1, 1], padding, stride)
                .and_then(|seen| seen.f_view([seen.size()[0], groups, inputs, -1]))
                .and_then(|seen| seen.f_permute([1, 2, 0, 3]))
                .and_then(|seen| seen.f_reshape([groups, inputs, -1]))
                .and_then(|seen| seen.f_bmm(&seen.transpose(1, 2)))
                .map_err(Error::torch("adding up the inputs' products"))?;
            sums += seen.to_kind(Kind::Double);
        }
        Ok(sums)
    }

    /// The quantized output of a layer.
    fn after(&self, convolution: &QuantizedConvolution) -> Result<Self> {
        let (weight, bias) = dequantized_parameters(convolution, self.params.scale)?;
        let batches = self.values().map(|batch| {
            let batch = input::channels_last(&batch);
            let output = convolve(&convolution.layer, &batch, &weight, &bias);
            quantized(&output, convolution.output)
        });
        Ok(Self {
            params: convolution.output,
            batches: batches.collect(),
        })
    }

    /// The quantized sum with other activations.
    fn plus(&self, other: &Self, params: QuantizationParams) -> Self {
        let pairs = self.values().zip(other.values());
        Self {
            params,
            batches: pairs.map(|(a, b)| quantized(&(a + b), params)).collect(),
        }
    }
}

/// The dequantized weight and bias of a convolution.
fn dequantized_parameters(
    convolution: &QuantizedConvolution,
    input_scale: f32,
) -> Result<(Tensor, Tensor)> {
    let tensor = |values: Vec<f32>, shape: &[i64]| {
        Tensor::f_from_slice(&values)
            .and_then(|tensor| tensor.f_view(shape))
            .map_err(Error::torch("reading the rounded weights"))
    };
    let scales = &convolution.weight_scales;
    let each = convolution.weight.len() / scales.len();
    let weight = (convolution.weight.chunks_exact(each).zip(scales))
        .flat_map(|(row, scale)| row.iter().map(move |&value| f32::from(value) * scale))
        .collect();
    let bias = (convolution.bias.iter().zip(scales))
        .map(|(&value, &scale)| {
            (f64::from(value) * f64::from(input_scale) * f64::from(scale)) as f32
        })
        .collect();
    Ok((
        input::channels_last(&tensor(weight, &convolution.layer.weight_shape())?),
        tensor(bias, &[convolution.layer.outputs as i64])?,
    ))
}

fn quantized(values: &Tensor, params: QuantizationParams) -> Tensor {
    let mut quantized = values / f64::from(params.scale);
    quantized = quantized.round_() + f64::from(params.zero_point);
    quantized.clamp_(0.0, 255.0).to_kind(Kind::Uint8)
}

fn dequantized(quantized: &Tensor, params: QuantizationParams) -> Tensor {
    let mut values = quantized.to_kind(Kind::Float);
    values -= f64::from(params.zero_point);
    values * f64::from(params.scale)
}
