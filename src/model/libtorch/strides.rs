//! Checks of memory layout, for custom operators that access memory directly.

use tch::{Device, Kind, Tensor};

/// Whether a tensor is f32, on the CPU, and has these strides. Strides of dimensions of size 1 are ignored.
pub fn has_layout(tensor: &Tensor, strides: &[i64]) -> bool {
    let (size, own) = (tensor.size(), tensor.stride());
    (tensor.device(), tensor.kind()) == (Device::Cpu, Kind::Float)
        && own.len() == strides.len()
        && (size.iter().zip(&own).zip(strides))
            .all(|((&length, own), expected)| length == 1 || own == expected)
}

/// Whether a tensor is f32, on the CPU, and N × C × H × W with the channels last in memory.
pub fn is_channels_last(tensor: &Tensor) -> bool {
    let [_, channels, height, width] = tensor.size()[..] else {
        return false;
    };
    let strides = [height * width * channels, 1, width * channels, channels];
    has_layout(tensor, &strides)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::input::channels_last;

    #[test]
    fn contiguous_and_channels_last_layouts_are_distinguished_unless_they_are_equal() {
        let of = |size: [i64; 4]| Tensor::zeros(size, (Kind::Float, Device::Cpu));
        let (rows, channels) = (of([2, 3, 4, 5]), channels_last(&of([2, 3, 4, 5])));
        assert!(has_layout(&rows, &rows.stride()));
        assert!(!has_layout(&channels, &rows.stride()));
        assert!(is_channels_last(&channels) && !is_channels_last(&rows));
        assert!(has_layout(
            &channels_last(&of([2, 3, 1, 1])),
            &of([2, 3, 1, 1]).stride()
        ));
        assert!(!has_layout(&rows.to_kind(Kind::Double), &rows.stride()));
        assert!(!has_layout(&rows, &rows.stride()[1..]));
    }
}
