//! From a fused network and calibration images to a network in whole numbers.

use std::iter;

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::equalise::equalise;
use super::ranges::{BINS, Histogram};
use super::rounding;
use super::rounding::Rounded;
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

/// Images that a network is calibrated on.
pub const CALIBRATION_IMAGES: usize = 384;

/// Images in a batch.
const BATCH: usize = 32;

/// A 3×3 layer has few weights for its many positions, so that every fourth batch tells enough of its inputs.
const SPARSE: usize = 4;

/// Brings a network to whole numbers. Grids are chosen by `rule` from its activations on `images` (prepared, `side`
/// pixels square: of the training part, since this is learning); then, layer after layer, weights are rounded so that
/// the layer does least wrong on what the layers before it, already in whole numbers, give it.
pub fn quantize(
    network: &FusedNetwork,
    images: &[&[u8]],
    side: usize,
    rule: RangeRule,
    progress: &dyn Progress,
) -> Result<QuantizedNetwork> {
    let mut network = without_deviation(network);
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
    let largest = largest(&network, &batches, progress)?;
    equalise(&mut network, &largest);
    let spreads = observe(&network, &batches, progress)?;
    let params: Vec<QuantizationParams> = spreads
        .par_iter()
        .map(|spread| spread.params(rule))
        .collect();
    round(&network, &batches, params, progress)
}

/// The network for images without the mean that are not divided by the deviation.
fn without_deviation(network: &FusedNetwork) -> FusedNetwork {
    let mut network = network.clone();
    if let Some(first) = network.blocks.first_mut() {
        let area = first.convolutions[0].layer.kernel.pow(2);
        for (index, weight) in first.convolutions[0].weight.iter_mut().enumerate() {
            *weight /= STD[index / area % STD.len()];
        }
    }
    network
}

/// The largest value of each channel of each convolution's output.
fn largest(
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
    progress.start("Looking for the largest activations", batches.len() as u64);
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

/// How the values of each tensor are spread, in the order of [`InferenceNetwork::activations_with_hook`]. Once through for the ends,
/// once for what lies between.
fn observe(
    network: &FusedNetwork,
    batches: &[Tensor],
    progress: &dyn Progress,
) -> Result<Vec<Histogram>> {
    let network = InferenceNetwork::new(network, Device::Cpu)?;
    progress.start("Watching the activations", 2 * batches.len() as u64);
    let mut spreads: Vec<Histogram> = Vec::new();
    for batch in batches {
        let mut ends = Vec::new();
        let _last = network.activations_with_hook(batch, &mut |tensor| {
            ends.push([tensor.min(), tensor.max()].map(|end| end.double_value(&[])));
        });
        spreads.resize(ends.len(), Histogram::default());
        for (spread, [low, high]) in spreads.iter_mut().zip(ends) {
            (spread.low, spread.high) = (spread.low.min(low), spread.high.max(high));
        }
        progress.advance(1);
    }
    for batch in batches {
        let mut left = spreads.iter_mut();
        let mut failed = None;
        let _last = network.activations_with_hook(batch, &mut |tensor| {
            let counted = left.next().map(|spread| count(spread, tensor));
            failed = failed.take().or(counted.and_then(Result::err));
        });
        failed.map_or(Ok(()), Err)?;
        progress.advance(1);
    }
    progress.finish();
    Ok(spreads)
}

/// Adds a tensor's values, all of which lie within the ends.
fn count(spread: &mut Histogram, tensor: &Tensor) -> Result<()> {
    if spread.high <= spread.low {
        return Ok(());
    }
    let range = [spread.low, spread.high];
    let counts = tensor
        .f_histogram_bin_ct::<Tensor>(BINS as i64, range, None, false)
        .and_then(|(counts, _)| counts.f_to_kind(Kind::Double));
    let counts: Vec<f64> = counts
        .and_then(Vec::try_from)
        .map_err(Error::torch("counting activations"))?;
    for (sum, count) in spread.counts.iter_mut().zip(counts) {
        *sum += count;
    }
    Ok(())
}

/// Rounds the weights, layer after layer, on the codes that the layers before give.
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
                "its activations were not all seen",
                "Export the checkpoint again.",
            )
        })
    };
    let layers = network.blocks.iter().map(|block| block.convolutions.len());
    progress.start("Rounding the weights", layers.sum::<usize>() as u64);
    let input = next()?;
    let mut x = Codes {
        params: input,
        batches: batches.iter().map(|batch| codes(batch, input)).collect(),
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

/// One convolution in whole numbers: the weights of each group of outputs that see the same inputs are rounded together.
fn round_one(
    fused: &FusedConvolution,
    x: &Codes,
    output: QuantizationParams,
) -> Result<QuantizedConvolution> {
    let layer = &fused.layer;
    let inputs = layer.inputs / layer.groups * layer.kernel.pow(2);
    let products = x.products(layer, inputs)?;
    let (mut weight, mut weight_scales) = (Vec::new(), Vec::new());
    let group = layer.outputs / layer.groups * inputs;
    for (index, weights) in fused.weight.chunks_exact(group).enumerate() {
        let products = products.get(index as i64);
        let Rounded { codes, scales } = rounding::round(weights, inputs, &products)?;
        weight.extend(codes);
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

/// The activations of all calibration images at one place of the network, as codes (u8, N × C × H × W).
struct Codes {
    params: QuantizationParams,
    batches: Vec<Tensor>,
}

impl Clone for Codes {
    fn clone(&self) -> Self {
        Self {
            params: self.params,
            batches: self.batches.iter().map(Tensor::shallow_clone).collect(),
        }
    }
}

impl Codes {
    fn values(&self) -> impl Iterator<Item = Tensor> {
        self.batches.iter().map(|codes| values(codes, self.params))
    }

    /// For each group of a layer, the sums over images and positions of each two inputs' product
    /// (groups × inputs × inputs, double).
    fn products(&self, layer: &Convolution, inputs: usize) -> Result<Tensor> {
        let (groups, inputs) = (layer.groups as i64, inputs as i64);
        let [kernel, padding, stride] =
            [layer.kernel, layer.padding(), layer.stride].map(|n| [n as i64; 2]);
        let every = if layer.kernel > 1 { SPARSE } else { 1 };
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

    /// The codes that a layer gives.
    fn after(&self, convolution: &QuantizedConvolution) -> Result<Self> {
        let (weight, bias) = real(convolution, self.params.scale)?;
        let batches = self.values().map(|batch| {
            let batch = input::channels_last(&batch);
            let output = convolve(&convolution.layer, &batch, &weight, &bias);
            codes(&output, convolution.output)
        });
        Ok(Self {
            params: convolution.output,
            batches: batches.collect(),
        })
    }

    /// The codes of the sums with others.
    fn plus(&self, other: &Self, params: QuantizationParams) -> Self {
        let pairs = self.values().zip(other.values());
        Self {
            params,
            batches: pairs.map(|(a, b)| codes(&(a + b), params)).collect(),
        }
    }
}

/// A convolution's weight and bias as the numbers that its codes stand for.
fn real(convolution: &QuantizedConvolution, input_scale: f32) -> Result<(Tensor, Tensor)> {
    let tensor = |values: Vec<f32>, shape: &[i64]| {
        Tensor::f_from_slice(&values)
            .and_then(|tensor| tensor.f_view(shape))
            .map_err(Error::torch("reading the rounded weights"))
    };
    let scales = &convolution.weight_scales;
    let each = convolution.weight.len() / scales.len();
    let weight = (convolution.weight.chunks_exact(each).zip(scales))
        .flat_map(|(row, scale)| row.iter().map(move |&code| f32::from(code) * scale))
        .collect();
    let bias = (convolution.bias.iter().zip(scales))
        .map(|(&code, &scale)| (f64::from(code) * f64::from(input_scale) * f64::from(scale)) as f32)
        .collect();
    Ok((
        input::channels_last(&tensor(weight, &convolution.layer.weight_shape())?),
        tensor(bias, &[convolution.layer.outputs as i64])?,
    ))
}

fn codes(values: &Tensor, params: QuantizationParams) -> Tensor {
    let mut codes = values / f64::from(params.scale);
    codes = codes.round_() + f64::from(params.zero_point);
    codes.clamp_(0.0, 255.0).to_kind(Kind::Uint8)
}

fn values(codes: &Tensor, params: QuantizationParams) -> Tensor {
    let mut values = codes.to_kind(Kind::Float);
    values -= f64::from(params.zero_point);
    values * f64::from(params.scale)
}
