//! Prepared images as the tensor that the network takes.

use tch::{Device, Kind, Tensor};

use crate::imaging::normalize::{MEAN, STD};
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

/// Scales bytes to 0–1 and normalises them by ImageNet's mean and standard deviation: what the network takes. The
/// result lies channels last in memory.
pub fn normalised(bytes: &Tensor) -> Tensor {
    by_row(bytes, |rows, row| {
        *rows -= row(MEAN);
        *rows /= row(STD);
    })
}

/// Scales bytes to 0–1 and takes ImageNet's mean away. The result lies channels last in memory.
pub fn centred(bytes: &Tensor) -> Tensor {
    by_row(bytes, |rows, row| *rows -= row(MEAN))
}

/// Scales bytes to 0–1 and changes them in place, as rows of pixels: a pass over values that differ by channel takes
/// three times as long when only the three channels of a pixel lie side by side.
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

/// Makes a tensor of N × C × H × W lie channels last in memory, which is what convolutions on the CPU
/// (and half-precision ones on CUDA) are several times faster with.
pub fn channels_last(tensor: &Tensor) -> Tensor {
    tensor
        .permute([0, 2, 3, 1])
        .contiguous()
        .permute([0, 3, 1, 2])
}
