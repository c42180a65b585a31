//! How tensors lie in memory, for operations that go through it without looking.

use tch::{Device, Kind, Tensor};

/// Whether a tensor of single precision lies in the processor's memory with these strides, one a dimension. Those of
/// dimensions of one element mean nothing.
pub fn lies_with(tensor: &Tensor, strides: &[i64]) -> bool {
    let (size, own) = (tensor.size(), tensor.stride());
    (tensor.device(), tensor.kind()) == (Device::Cpu, Kind::Float)
        && own.len() == strides.len()
        && (size.iter().zip(&own).zip(strides))
            .all(|((&length, own), wanted)| length == 1 || own == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::input::channels_last;

    #[test]
    fn rows_and_channels_side_by_side_are_told_apart_unless_they_are_the_same() {
        let of = |size: [i64; 4]| Tensor::zeros(size, (Kind::Float, Device::Cpu));
        let (rows, channels) = (of([2, 3, 4, 5]), channels_last(&of([2, 3, 4, 5])));
        assert!(lies_with(&rows, &rows.stride()));
        assert!(!lies_with(&channels, &rows.stride()));
        assert!(lies_with(
            &channels_last(&of([2, 3, 1, 1])),
            &of([2, 3, 1, 1]).stride()
        ));
        assert!(!lies_with(&rows.to_kind(Kind::Double), &rows.stride()));
        assert!(!lies_with(&rows, &rows.stride()[1..]));
    }
}
