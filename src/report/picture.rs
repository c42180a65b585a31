//! Writing pictures as SVG and PNG.

use std::path::{Path, PathBuf};

use super::render;
use crate::{Result, files};

/// Writes `{stem}.svg` and `{stem}.png` and returns both paths. The PNG has twice the resolution of the SVG.
pub fn write_picture(stem: &Path, svg: &str) -> Result<[PathBuf; 2]> {
    let paths = [stem.with_extension("svg"), stem.with_extension("png")];
    let png = render::png(svg, &paths[1])?;
    files::write_atomically(&paths[0], svg.as_bytes())?;
    files::write_atomically(&paths[1], &png)?;
    Ok(paths)
}
