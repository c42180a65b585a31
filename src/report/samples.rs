//! The sheet of sample images by class and split.

use std::io::{self, Cursor};
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{ImageFormat, RgbImage};

use super::render;
use super::svg::{Anchor, FAINT, Style, Svg};
use crate::dataset::manifest::Row;
use crate::dataset::pixels::Pixels;
use crate::dataset::spaced::evenly_spaced;
use crate::dataset::{DatasetInfo, Split};
use crate::{Class, ClassList, Error, Result};

/// The file name within a dataset folder.
pub const FILE: &str = "samples.png";

/// The maximum number of images per class and split.
const PER_CELL: usize = 4;

/// Height of an image in SVG pixels ([`render::SCALE`] PNG pixels each).
const HEIGHT: f64 = 48.0;
const GAP: f64 = 4.0;
const SPLIT_GAP: f64 = 20.0;
const LEFT: f64 = 200.0;
const TOP: f64 = 70.0;

/// Draws a sheet with classes as rows and splits as columns, as the bytes of a PNG file. For a dataset with folds, the
/// training images are in the first column. The images of a cell are evenly spaced over its manifest rows. The
/// photographs get their width / height back ([`DatasetInfo::aspect`]).
pub fn sample_sheet(
    info: &DatasetInfo,
    rows: &[Row],
    pixels: &Pixels,
    path: &Path,
) -> Result<Vec<u8>> {
    let (classes, aspect) = (info.classes, info.aspect);
    let occurs = |split: Split| rows.iter().any(|row| row.split == split);
    let splits: Vec<Split> = Split::ALL.into_iter().filter(|&s| occurs(s)).collect();
    // Extreme aspect ratios are limited.
    let width = (HEIGHT * aspect).clamp(HEIGHT / 3.0, HEIGHT * 3.0).round();
    let column = PER_CELL as f64 * (width + GAP) + SPLIT_GAP;
    let row_height = HEIGHT + GAP + 4.0;
    let corner = |split: usize, class: Class| {
        let x = LEFT + split as f64 * column;
        (x, TOP + class.index() as f64 * row_height)
    };
    let labels = labels(classes, &splits, corner, (column, row_height));
    let failed = |error: image::ImageError| Error::io("draw", path)(io::Error::other(error));
    let labels = render::png(&labels, path)?;
    let mut sheet = image::load_from_memory(&labels)
        .map_err(failed)?
        .into_rgb8();
    for (number, &split) in splits.iter().enumerate() {
        for class in classes.iter() {
            let (left, top) = corner(number, class);
            for (index, row) in sample_rows(rows, split, class).into_iter().enumerate() {
                let side = pixels.side() as u32;
                let image = RgbImage::from_raw(side, side, pixels.image(row)?);
                let Some(image) = image else { continue };
                let scaled = |length: f64| (length * f64::from(render::SCALE)) as u32;
                let (w, h) = (scaled(width), scaled(HEIGHT));
                let image = imageops::resize(&image, w, h, FilterType::Triangle);
                let x = scaled(left + index as f64 * (width + GAP));
                imageops::replace(&mut sheet, &image, i64::from(x), i64::from(scaled(top)));
            }
        }
    }
    let mut png = Cursor::new(Vec::new());
    sheet.write_to(&mut png, ImageFormat::Png).map_err(failed)?;
    Ok(png.into_inner())
}

/// The manifest rows that are shown for a class and split.
fn sample_rows(rows: &[Row], split: Split, class: Class) -> Vec<usize> {
    let of_cell: Vec<usize> = (0..rows.len())
        .filter(|&row| rows[row].split == split && rows[row].sample.dx == class)
        .collect();
    evenly_spaced(&of_cell, PER_CELL)
}

fn labels(
    classes: ClassList,
    splits: &[Split],
    corner: impl Fn(usize, Class) -> (f64, f64),
    (column, row_height): (f64, f64),
) -> String {
    let width = LEFT + splits.len() as f64 * column;
    let height = TOP + classes.len() as f64 * row_height + 12.0;
    let title = "Sample images by class and split";
    let mut svg = Svg::new(width, height, title);
    svg.text((20.0, 30.0), title, Style::new(18.0).bold());
    for (number, split) in splits.iter().enumerate() {
        let name = match split {
            Split::Train => "Training",
            Split::Val => "Validation",
            Split::Test => "Test",
        };
        let Some((x, y)) = classes.get(0).map(|first| corner(number, first)) else {
            continue;
        };
        svg.text((x, y - 10.0), name, Style::new(14.0).bold());
    }
    for class in classes.iter() {
        let middle = corner(0, class).1 + HEIGHT / 2.0;
        let right = Style::new(13.0).anchor(Anchor::End);
        svg.text((LEFT - 12.0, middle - 1.0), class.code(), right.bold());
        let name = Style::new(11.0).anchor(Anchor::End).colour(FAINT);
        svg.text((LEFT - 12.0, middle + 13.0), class.name(), name);
    }
    svg.finish()
}
