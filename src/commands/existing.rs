//! Outputs that are single files, and which earlier ones --force replaces.

use std::path::Path;

use skinlesion::Error;
use skinlesion::files::OutputFile;

/// Locks a file to write JSON to. --force replaces JSON files only.
pub fn json_file(out: &Path, force: bool) -> skinlesion::Result<OutputFile> {
    OutputFile::new(out, force, |earlier| {
        let bytes = std::fs::read(earlier).unwrap_or_default();
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok()
    })
}

/// Locks a file to write a table of answers to. --force replaces tables whose header begins in the same way only.
pub fn csv_file(out: &Path, force: bool, header: &str) -> skinlesion::Result<OutputFile> {
    OutputFile::new(out, force, |earlier| {
        let mut start = vec![0; header.len()];
        let file = std::fs::File::open(earlier);
        let read = file.and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
        read.is_ok() && start == header.as_bytes()
    })
}

/// Refuses to write a picture over a file that exists, unless told to.
pub fn refuse_existing(out: &Path, force: bool) -> skinlesion::Result<()> {
    match out.exists() && !force {
        true => Err(Error::Exists(out.to_owned())),
        false => Ok(()),
    }
}

/// Locks a file to write a checkpoint to. --force replaces safetensors files only: eight bytes of length, then JSON.
#[cfg(feature = "torch")]
pub fn checkpoint_file(out: &Path, force: bool) -> skinlesion::Result<OutputFile> {
    OutputFile::new(out, force, |earlier| {
        let mut start = [0; 9];
        let file = std::fs::File::open(earlier);
        let read = file.and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
        read.is_ok() && start[8] == b'{'
    })
}
