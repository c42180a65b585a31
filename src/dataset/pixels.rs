//! `pixels.bin`: the prepared images in sequence.
//!
//! Image `i` is the `side × side × 3` bytes from offset `i × side² × 3`: u8, row-major, RGB interleaved (HWC).
//! There is no header. `dataset.json` holds the side and the count.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, Result, reading};

/// The file's name within a dataset folder.
pub const FILE: &str = "pixels.bin";

/// All images of a dataset. Each is read from its position in the file when it is needed; the system keeps the file
/// cached. The file is not mapped, because a map of a file that is cut short ends the process without a word.
#[derive(Debug)]
pub struct Pixels {
    file: File,
    path: PathBuf,
    side: usize,
}

impl Pixels {
    /// Opens a file that must hold exactly `count` images of `side` × `side`.
    pub fn open(path: &Path, count: usize, side: usize) -> Result<Self> {
        let expected = (side as u64)
            .checked_mul(side as u64)
            .and_then(|area| area.checked_mul(3)?.checked_mul(count as u64));
        let Some(expected) = expected else {
            let problem = format!("{count} images of {side}×{side} cannot be in any file");
            return Err(Error::file(
                path,
                problem,
                "Run `skinlesion prepare` again.",
            ));
        };
        let file = reading::open(path)?;
        let length = file.metadata().map_err(Error::io("read", path))?.len();
        if length != expected || expected == 0 {
            return Err(Error::file(
                path,
                format!(
                    "holds {length} bytes where {count} images of {side}×{side} need {expected}"
                ),
                "Run `skinlesion prepare` again.",
            ));
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            side,
        })
    }

    /// The width and height of each image, in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Image `index`: `side × side × 3` bytes. May be called from several threads at once.
    ///
    /// # Errors
    /// A file that cannot be read, or was cut short after it was opened.
    pub fn image(&self, index: usize) -> Result<Vec<u8>> {
        let size = self.side * self.side * 3;
        let mut bytes = vec![0; size];
        match read_exact_at(&self.file, &mut bytes, (index * size) as u64) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Error::file(
                &self.path,
                format!("ends before image {index}, so it was cut short after it was opened"),
                "Run `skinlesion prepare` again.",
            )),
            Err(error) => Err(Error::io("read", &self.path)(error)),
        }
    }

    /// The images `indices`, in that order.
    pub fn images(&self, indices: &[usize]) -> Result<Vec<Vec<u8>>> {
        indices.iter().map(|&index| self.image(index)).collect()
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        let read = file.seek_read(bytes, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        offset += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cut_short_while_it_is_open_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(FILE);
        std::fs::write(&path, (0..24).collect::<Vec<u8>>()).unwrap();
        let pixels = Pixels::open(&path, 2, 2).unwrap();
        assert_eq!(pixels.image(1).unwrap(), (12..24).collect::<Vec<u8>>());
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(13)
            .unwrap();
        let error = pixels.image(1).unwrap_err().to_string();
        assert!(error.contains("pixels.bin: ends before image 1"), "{error}");
        assert!(pixels.image(0).is_ok());
    }
}
