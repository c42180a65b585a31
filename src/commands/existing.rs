//! Outputs that are single files, and which earlier ones --force replaces.

use std::path::Path;

use skinlesion::files::OutputFile;

/// Locks a file to write JSON to. --force replaces JSON files only.
pub fn json_file(out: &Path, force: bool) -> skinlesion::Result<OutputFile> {
    OutputFile::new(out, force, |earlier| {
        let bytes = std::fs::read(earlier).unwrap_or_default();
        serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok()
    })
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
