//! Photographs on disk as the network's input.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::decode::decode;
use super::resize::{ResizeRule, resize};
use crate::{Error, Result};

/// Reads a photograph and brings it to the network's size.
pub fn read_image(path: &Path, rule: ResizeRule) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let image = decode(&bytes).map_err(|reason| {
        Error::file(
            path,
            format!("not a readable image ({reason})"),
            "Replace it by a sound JPEG or PNG file.",
        )
    })?;
    Ok(resize(&image, rule))
}

/// Reads photographs and brings them to the network's size, several at a time. The result is in their order.
pub fn prepare(paths: &[PathBuf], rule: ResizeRule) -> Vec<Result<Vec<u8>>> {
    paths
        .par_iter()
        .map(|path| read_image(path, rule))
        .collect()
}
