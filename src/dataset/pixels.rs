//! `pixels.bin`: the prepared images in sequence, memory-mapped.
//!
//! Image `i` is the `side × side × 3` bytes from offset `i × side² × 3`: u8, row-major, RGB interleaved (HWC).
//! There is no header. `dataset.json` holds the side and the count.

use std::path::Path;

use memmap2::Mmap;

use crate::{Error, Result, reading};

/// The file's name within a dataset folder.
pub const FILE: &str = "pixels.bin";

/// All images of a dataset, read from disk on access.
#[derive(Debug)]
pub struct Pixels {
    map: Mmap,
    side: usize,
}

impl Pixels {
    /// Maps a file that must hold exactly `count` images of `side` × `side`.
    pub fn open(path: &Path, count: usize, side: usize) -> Result<Self> {
        let expected = (side as u64)
            .checked_mul(side as u64)
            .and_then(|area| area.checked_mul(3)?.checked_mul(count as u64))
            .and_then(|bytes| usize::try_from(bytes).ok());
        let Some(expected) = expected else {
            let problem = format!("{count} images of {side}×{side} cannot be in any file");
            return Err(Error::file(
                path,
                problem,
                "Run `skinlesion prepare` again.",
            ));
        };
        let file = reading::open(path)?;
        // SAFETY: the map is read-only; a dataset folder is written once and never changed in place.
        let map = unsafe { Mmap::map(&file) }.map_err(Error::io("map", path))?;
        if map.len() != expected || expected == 0 {
            return Err(Error::file(
                path,
                format!(
                    "holds {} bytes where {count} images of {side}×{side} need {expected}",
                    map.len()
                ),
                "Run `skinlesion prepare` again.",
            ));
        }
        Ok(Self { map, side })
    }

    /// The width and height of each image, in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Image `index`: `side × side × 3` bytes. Panics when out of range, as slices do.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.side * self.side * 3;
        &self.map[index * size..(index + 1) * size]
    }

    /// Releases the pages accessed so far, so that resident memory does not grow to the size of the dataset. The
    /// kernel keeps the file cached, and images stay readable.
    pub fn release(&self) {
        #[cfg(unix)]
        // SAFETY: the map is shared and read-only, so released pages are read from the file again.
        unsafe {
            // An optimisation: failure is harmless.
            let _ = self
                .map
                .unchecked_advise(memmap2::UncheckedAdvice::DontNeed);
        }
    }
}
