//! Limits of images, checked before memory is asked for.

use std::io;

/// The largest image that is decoded, by its header: 200 megapixels, as the largest sensors of phones take.
const MAX_PIXELS: u64 = 200_000_000;

/// The most memory that an image may take while it is decoded.
pub(super) const MAX_BYTES: u64 = 1 << 30;

/// Refuses an image before memory is asked for. `bytes` is what its decoding takes.
pub(super) fn refuse_large(width: u32, height: u32, bytes: u64) -> io::Result<()> {
    match u64::from(width) * u64::from(height) <= MAX_PIXELS && bytes <= MAX_BYTES {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "{width} × {height} pixels are more than are read: make it smaller"
        ))),
    }
}
