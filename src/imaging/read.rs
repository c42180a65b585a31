//! Reading of image files as input of the network.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::decode::decode;
use super::resize::{ResizeRule, resize};
use crate::{Error, Result, reading};

/// Reads an image file, and resizes it by `rule` to the network's input size.
pub fn read_image(path: &Path, rule: ResizeRule) -> Result<Vec<u8>> {
    let bytes = reading::read(path, reading::MAX_PHOTOGRAPH)?;
    let image = decode(&bytes).map_err(|reason| {
        Error::file(
            path,
            format!("not a readable image ({reason})"),
            "Replace it with a valid JPEG or PNG file.",
        )
    })?;
    Ok(resize(&image, rule))
}

/// Reads and resizes image files in parallel. The results are in the order of `paths`.
pub fn prepare(paths: &[PathBuf], rule: ResizeRule) -> Vec<Result<Vec<u8>>> {
    paths
        .par_iter()
        .map(|path| read_image(path, rule))
        .collect()
}
