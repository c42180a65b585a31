//! `pixels.bin`: every prepared image, one after the other, mapped into memory.
//!
//! Image `i` is the `side × side × 3` bytes from `i × side² × 3` on: u8, rows first, RGB interleaved.
//! There is no header; side and count are in `dataset.json`.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::{Error, Result};

/// The file's name within a dataset folder.
pub const FILE: &str = "pixels.bin";

/// All images of a dataset, read from disk as they are touched.
#[derive(Debug)]
pub struct Pixels {
    map: Mmap,
    side: usize,
}

impl Pixels {
    /// Maps a file that must hold exactly `count` images of `side` × `side`.
    pub fn open(path: &Path, count: usize, side: usize) -> Result<Self> {
        let file = File::open(path).map_err(Error::io("read", path))?;
        // SAFETY: the map is read-only; a dataset folder is written once and never changed in place.
        let map = unsafe { Mmap::map(&file) }.map_err(Error::io("map", path))?;
        let expected = count * side * side * 3;
        if map.len() != expected {
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

    /// Gives the pages touched so far back to the kernel, which goes on caching the file: so the program's own
    /// memory does not grow to the size of the dataset. Images stay readable as before.
    pub fn release(&self) {
        #[cfg(unix)]
        // SAFETY: the map is shared and read-only, so what is dropped is read from the file again.
        unsafe {
            // Only an economy: a kernel that will not do it does no harm.
            let _ = self
                .map
                .unchecked_advise(memmap2::UncheckedAdvice::DontNeed);
        }
    }
}
