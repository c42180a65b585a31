//! The pictures in a dataset folder.

use std::path::{Path, PathBuf};

use super::distribution::class_distribution;
use super::picture::write_picture;
use super::samples::{self, sample_sheet};
use crate::dataset::info::DatasetInfo;
use crate::dataset::manifest::Row;
use crate::dataset::pixels::Pixels;
use crate::{Result, files};

/// The file name of the class distribution, without extension.
const DISTRIBUTION: &str = "class_distribution";

/// Writes the class distribution and a sheet of sample images to a dataset folder. Returns the file names.
pub fn write(
    folder: &Path,
    info: &DatasetInfo,
    rows: &[Row],
    pixels: &Pixels,
) -> Result<Vec<PathBuf>> {
    let pictures = write_picture(
        &folder.join(DISTRIBUTION),
        &class_distribution(info.classes, &info.counts),
    )?;
    let path = folder.join(samples::FILE);
    let png = sample_sheet(info, rows, pixels, &path)?;
    files::write_atomically(&path, &png)?;
    let names = pictures.iter().filter_map(|path| path.file_name());
    Ok(names
        .map(PathBuf::from)
        .chain([PathBuf::from(samples::FILE)])
        .collect())
}
