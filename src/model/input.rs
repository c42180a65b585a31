//! Conversion of prepared images to input tensors.

use tch::{Device, Kind, Tensor};

use super::libtorch::tensor_from_bytes::tensor_from_bytes;
use crate::imaging::normalize::{MEAN, STD};
use crate::{Error, Result};

/// Converts prepared images (each `side × side × 3` bytes) to a u8 tensor (N × 3 × side × side, channels last).
pub fn bytes_to_tensor(images: &[&[u8]], side: usize, device: Device) -> Result<Tensor> {
    let mut bytes = Vec::with_capacity(images.len() * side * side * 3);
    for image in images {
        bytes.extend_from_slice(image);
    }
    interleaved_to_tensor(&bytes, side, device)
}

/// Converts concatenated images (each `side × side × 3` bytes) to a u8 tensor (N × 3 × side × side, channels last).
///
/// # Errors
/// Bytes that are not whole images.
pub fn interleaved_to_tensor(bytes: &[u8], side: usize, device: Device) -> Result<Tensor> {
    let size = side.saturating_mul(side).saturating_mul(3);
    let count = bytes.len().checked_div(size).unwrap_or(0) as i64;
    let side = side as i64;
    tensor_from_bytes(bytes, &[count, side, side, 3], Kind::Uint8)
        .and_then(|t| t.f_to_device(device))
        .and_then(|t| t.f_permute([0, 3, 1, 2]))
        .map_err(Error::torch("creating a batch of images"))
}

/// Scales bytes to 0–1 as f32. The memory format is kept.
pub fn to_unit(bytes: &Tensor) -> Tensor {
    let mut unit = bytes.to_kind(Kind::Float);
    unit /= 255.0;
    unit
}

/// Scales bytes to 0–1, and normalises them by ImageNet's mean and standard deviation: the input of the network. The
/// result is channels last.
pub fn normalised(bytes: &Tensor) -> Tensor {
    by_row(bytes, |rows, row| {
        *rows -= row(MEAN);
        *rows /= row(STD);
    })
}

/// Scales bytes to 0–1, and subtracts ImageNet's mean. The result is channels last.
pub fn centred(bytes: &Tensor) -> Tensor {
    by_row(bytes, |rows, row| *rows -= row(MEAN))
}

/// Scales bytes to 0–1, and applies `change` in place to a matrix of rows of pixels. Broadcasting a whole row is three
/// times as fast as broadcasting the three channels of a pixel.
fn by_row(bytes: &Tensor, change: impl Fn(&mut Tensor, &dyn Fn([f32; 3]) -> Tensor)) -> Tensor {
    let width = bytes.size()[3];
    let pixels = bytes.permute([0, 2, 3, 1]);
    let mut rows = to_unit(&pixels.reshape([-1, width * 3]));
    change(&mut rows, &|channels| {
        let row = Tensor::from_slice(&channels).repeat([width]);
        row.to_device(bytes.device())
    });
    rows.view_as(&pixels).permute([0, 3, 1, 2])
}

/// Converts an N × C × H × W tensor to channels last. Convolutions on the CPU (and in half precision on CUDA) are
/// several times faster with it.
pub fn channels_last(tensor: &Tensor) -> Tensor {
    tensor
        .permute([0, 2, 3, 1])
        .contiguous()
        .permute([0, 3, 1, 2])
}
