//! Quantized activations of the calibration images, carried from layer to layer.

use tch::{Device, Kind, Tensor};

use super::QuantizedConvolution;
use crate::artifact::quantization::QuantizationParams;
use crate::model::architecture::Convolution;
use crate::model::inference_network::convolve;
use crate::model::input;
use crate::{Error, Result};

/// 3×3 layers have few weights and many positions: every fourth batch suffices for their input products.
const BATCH_STRIDE: usize = 4;

/// The quantized activations of one tensor for all calibration images (u8, N × C × H × W).
pub struct QuantizedActivations {
    /// Their quantization parameters.
    pub params: QuantizationParams,
    /// One tensor per batch.
    pub batches: Vec<Tensor>,
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
    pub fn products(&self, layer: &Convolution, inputs: usize) -> Result<Tensor> {
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
    pub fn after(&self, convolution: &QuantizedConvolution) -> Result<Self> {
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
    pub fn plus(&self, other: &Self, params: QuantizationParams) -> Self {
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

/// Values as u8 with these quantization parameters.
pub fn quantized(values: &Tensor, params: QuantizationParams) -> Tensor {
    let mut quantized = values / f64::from(params.scale);
    quantized = quantized.round_() + f64::from(params.zero_point);
    quantized.clamp_(0.0, 255.0).to_kind(Kind::Uint8)
}

fn dequantized(quantized: &Tensor, params: QuantizationParams) -> Tensor {
    let mut values = quantized.to_kind(Kind::Float);
    values -= f64::from(params.zero_point);
    values * f64::from(params.scale)
}
