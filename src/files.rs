//! Atomic writes of files and folders, their locks, and SHA-256 hashes.

mod atomic_file;
mod atomic_folder;
mod exchange;
mod folder_files;
mod leftovers;
mod lock;
mod output_file;
mod place;
mod sync;
pub mod temporary;

use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

pub use self::atomic_file::{write_atomically, write_json};
pub use self::atomic_folder::{AtomicFolder, PublishedFolder};
pub use self::folder_files::FolderFiles;
pub use self::lock::Lock;
pub use self::output_file::OutputFile;
use crate::{Error, Result, reading};

/// The SHA-256 of bytes, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a file's bytes, as 64 hexadecimal digits.
pub fn sha256_file(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut file = reading::open(path)?;
    io::copy(&mut file, &mut HashWriter(&mut hasher)).map_err(Error::io("read", path))?;
    Ok(hex(&hasher.finalize()))
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Encodes bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
