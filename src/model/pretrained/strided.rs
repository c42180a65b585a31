//! Strided views of a storage: an offset, and a size and a stride per dimension.

use super::pickle::Result;
pub(super) use crate::model::state_dict::MAX_DIMENSIONS;

/// A view as described in a file, not validated yet. All numbers are in elements.
pub(super) struct View {
    /// Number of elements of the whole storage.
    pub stored: i64,
    /// Index of the first element.
    pub offset: i64,
    /// Size per dimension.
    pub size: Vec<i64>,
    /// Stride per dimension.
    pub stride: Vec<i64>,
}

/// The elements of a strided view in row-major order.
///
/// `data` is the whole storage, whose elements take `width` bytes each.
pub(super) fn gather(view: &View, data: &[u8], width: usize) -> Result<Vec<u8>> {
    let mismatch = || "its shape does not fit its storage".to_owned();
    let to_usize = |numbers: &[i64]| -> Option<Vec<usize>> {
        numbers.iter().map(|&n| usize::try_from(n).ok()).collect()
    };
    let size = to_usize(&view.size).ok_or_else(mismatch)?;
    let stride = to_usize(&view.stride).ok_or_else(mismatch)?;
    let offset = usize::try_from(view.offset).map_err(|_| mismatch())?;
    let stored = usize::try_from(view.stored).map_err(|_| mismatch())?;
    if size.len() != stride.len()
        || size.len() > MAX_DIMENSIONS
        || stored.checked_mul(width) != Some(data.len())
    {
        return Err(mismatch());
    }
    if size.contains(&0) {
        return Ok(Vec::new());
    }
    let count = size.iter().try_fold(1, |n: usize, &m| n.checked_mul(m));
    let last = size
        .iter()
        .zip(&stride)
        .try_fold(offset, |at, (&n, &step)| {
            at.checked_add(step.checked_mul(n - 1)?)
        });
    // A view that repeats elements could have far more of them than the file.
    let (Some(count), Some(last)) = (count, last) else {
        return Err(mismatch());
    };
    if last >= stored || count > stored {
        return Err(mismatch());
    }
    if is_row_major(&size, &stride) {
        return Ok(data[offset * width..(offset + count) * width].to_vec());
    }
    let mut values = Vec::with_capacity(count * width);
    let mut position = vec![0; size.len()];
    for _ in 0..count {
        let at: usize = offset
            + position
                .iter()
                .zip(&stride)
                .map(|(i, s)| i * s)
                .sum::<usize>();
        values.extend_from_slice(&data[at * width..(at + 1) * width]);
        for dimension in (0..size.len()).rev() {
            position[dimension] += 1;
            if position[dimension] < size[dimension] {
                break;
            }
            position[dimension] = 0;
        }
    }
    Ok(values)
}

/// Whether the view is contiguous, as in nearly every file. Strides of dimensions of size 1 are ignored.
fn is_row_major(size: &[usize], stride: &[usize]) -> bool {
    let mut expected = 1;
    size.iter().zip(stride).rev().all(|(&n, &step)| {
        let fits = n == 1 || step == expected;
        expected *= n;
        fits
    })
}
