//! Prepared images as the tensor that the network takes.

use tch::{Device, Kind, Tensor};

use crate::preprocess::{MEAN, STD};
use crate::{Error, Result};

/// Prepared images (each `side × side × 3` bytes) as u8, N × 3 × side × side, channels last in memory.
pub fn bytes_to_tensor(images: &[&[u8]], side: usize, device: Device) -> Result<Tensor> {
    let mut bytes = Vec::with_capacity(images.len() * side * side * 3);
    for image in images {
        bytes.extend_from_slice(image);
    }
    interleaved_to_tensor(&bytes, side, device)
}

/// Images one after the other (each `side × side × 3` bytes) as u8, N × 3 × side × side, channels last in memory.
pub fn interleaved_to_tensor(bytes: &[u8], side: usize, device: Device) -> Result<Tensor> {
    let count = (bytes.len() / (side * side * 3)) as i64;
    let side = side as i64;
    Tensor::f_from_data_size(bytes, &[count, side, side, 3], Kind::Uint8)
        .and_then(|t| t.f_to_device(device))
        .and_then(|t| t.f_permute([0, 3, 1, 2]))
        .map_err(Error::torch("making a batch of images"))
}

/// Scales bytes to 0–1, as f32. Keeps the memory's order.
pub fn to_unit(bytes: &Tensor) -> Tensor {
    let mut unit = bytes.to_kind(Kind::Float);
    unit /= 255.0;
    unit
}

/// Scales bytes to 0–1 and normalises them by ImageNet's mean and standard deviation: what the network takes.
pub fn normalised(bytes: &Tensor) -> Tensor {
    let mut values = centred(bytes);
    values /= by_channel(STD, bytes.device());
    values
}

/// Scales bytes to 0–1 and takes ImageNet's mean away.
pub fn centred(bytes: &Tensor) -> Tensor {
    // In place: a batch is tens of megabytes, and each pass over it takes as long as a small convolution.
    let mut values = to_unit(bytes);
    values -= by_channel(MEAN, bytes.device());
    values
}

fn by_channel(values: [f32; 3], device: Device) -> Tensor {
    Tensor::from_slice(&values)
        .view([1, 3, 1, 1])
        .to_device(device)
}

/// Makes a tensor of N × C × H × W lie channels last in memory, which is what convolutions on the CPU
/// (and half-precision ones on CUDA) are several times faster with.
pub fn channels_last(tensor: &Tensor) -> Tensor {
    tensor
        .permute([0, 2, 3, 1])
        .contiguous()
        .permute([0, 3, 1, 2])
}
