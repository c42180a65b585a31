//! Tensors as views of a storage: an offset into it, and a stride for each dimension.

use super::pickle::Result;

/// More dimensions than any tensor of a network of images has.
pub(super) const MAX_DIMENSIONS: usize = 8;

/// A view as a file describes it; nothing of it is believed yet. All numbers count elements.
pub(super) struct View {
    /// Elements of the whole storage.
    pub stored: i64,
    /// The first element of the view.
    pub offset: i64,
    /// Of each dimension.
    pub size: Vec<i64>,
    /// From one index of a dimension to the next.
    pub stride: Vec<i64>,
}

/// The elements of a strided view in row-major order.
///
/// `data` is the whole storage, whose elements take `width` bytes each.
pub(super) fn gather(view: &View, data: &[u8], width: usize) -> Result<Vec<u8>> {
    let misfit = || "its shape does not fit its storage".to_owned();
    let to_usize = |numbers: &[i64]| -> Option<Vec<usize>> {
        numbers.iter().map(|&n| usize::try_from(n).ok()).collect()
    };
    let size = to_usize(&view.size).ok_or_else(misfit)?;
    let stride = to_usize(&view.stride).ok_or_else(misfit)?;
    let offset = usize::try_from(view.offset).map_err(|_| misfit())?;
    let stored = usize::try_from(view.stored).map_err(|_| misfit())?;
    if size.len() != stride.len()
        || size.len() > MAX_DIMENSIONS
        || stored.checked_mul(width) != Some(data.len())
    {
        return Err(misfit());
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
    // A view that repeats elements could name far more of them than the file has.
    let (Some(count), Some(last)) = (count, last) else {
        return Err(misfit());
    };
    if last >= stored || count > stored {
        return Err(misfit());
    }
    if is_row_major(&size, &stride) {
        return Ok(data[offset * width..(offset + count) * width].to_vec());
    }
    let mut values = Vec::with_capacity(count * width);
    let mut place = vec![0; size.len()];
    for _ in 0..count {
        let at: usize = offset + place.iter().zip(&stride).map(|(i, s)| i * s).sum::<usize>();
        values.extend_from_slice(&data[at * width..(at + 1) * width]);
        for dimension in (0..size.len()).rev() {
            place[dimension] += 1;
            if place[dimension] < size[dimension] {
                break;
            }
            place[dimension] = 0;
        }
    }
    Ok(values)
}

/// Whether the elements lie one after the other, as in nearly every file. Where there is but one index, the
/// stride says nothing.
fn is_row_major(size: &[usize], stride: &[usize]) -> bool {
    let mut expected = 1;
    size.iter().zip(stride).rev().all(|(&n, &step)| {
        let fits = n == 1 || step == expected;
        expected *= n;
        fits
    })
}
