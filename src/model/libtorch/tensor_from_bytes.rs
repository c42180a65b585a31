//! Tensors from bytes.

use tch::{Kind, TchError, Tensor};

/// A tensor of this shape and kind on the CPU, with a copy of `bytes` as its values (row-major, native byte order).
/// [`Tensor::f_from_data_size`] checks no length and reads beyond the end of too few bytes.
///
/// # Errors
/// A shape that has not exactly as many bytes.
pub fn tensor_from_bytes(bytes: &[u8], shape: &[i64], kind: Kind) -> Result<Tensor, TchError> {
    let mut dimensions = shape
        .iter()
        .map(|&dimension| usize::try_from(dimension).ok());
    let size = dimensions.try_fold(kind.elt_size_in_bytes(), |size, dimension| {
        size.checked_mul(dimension?)
    });
    if size != Some(bytes.len()) {
        let found = bytes.len();
        return Err(TchError::Shape(format!(
            "{found} bytes are not those of {kind:?} {shape:?}"
        )));
    }
    Tensor::f_from_data_size(bytes, shape, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shape_with_exactly_these_bytes_is_taken() {
        let bytes: Vec<u8> = [1f32, 2.0, 3.0, 4.0, 5.0, 6.0]
            .iter()
            .flat_map(|v| v.to_ne_bytes())
            .collect();
        let tensor = tensor_from_bytes(&bytes, &[2, 3], Kind::Float).unwrap();
        assert_eq!(tensor.double_value(&[1, 2]), 6.0);
        assert_eq!(
            tensor_from_bytes(&[], &[0, 3], Kind::Float)
                .unwrap()
                .numel(),
            0
        );
        for shape in [
            &[2, 4][..],
            &[2, 2],
            &[],
            &[-2, -3],
            &[i64::MAX, i64::MAX],
            &[1 << 62, 6],
        ] {
            assert!(
                tensor_from_bytes(&bytes, shape, Kind::Float).is_err(),
                "{shape:?}"
            );
        }
        assert!(tensor_from_bytes(&bytes, &[2, 3], Kind::Double).is_err());
    }
}
