//! A few images of each class and part: what a network will learn from, and be judged by.

use std::io::{self, Cursor};
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{ImageFormat, RgbImage};

use super::render;
use super::svg::{Anchor, FAINT, Style, Svg};
use crate::dataset::Split;
use crate::dataset::manifest::Row;
use crate::dataset::pixels::Pixels;
use crate::{Diagnosis, Error, Result};

/// The name of the picture of sample images within a dataset folder.
pub const FILE: &str = "samples.png";

/// So many images of a class are shown in a part.
const A_CELL: usize = 4;

/// Height of an image, in pixels of the picture before it is drawn twice as large.
const HEIGHT: f64 = 48.0;
const GAP: f64 = 4.0;
const BETWEEN_PARTS: f64 = 20.0;
const LEFT: f64 = 200.0;
const TOP: f64 = 70.0;

/// The bytes of a PNG with classes as rows and parts as columns. A dataset with folds has its training images
/// in the first column. The images of a cell are spread evenly over its rows of the manifest. `aspect` is the
/// width of the photographs divided by their height ([`crate::dataset::DatasetInfo::aspect`]), to which they are brought back.
pub fn sample_sheet(rows: &[Row], pixels: &Pixels, aspect: f64, path: &Path) -> Result<Vec<u8>> {
    let of = |part: Split| rows.iter().any(|row| row.split == part);
    let parts: Vec<Split> = Split::ALL.into_iter().filter(|&part| of(part)).collect();
    // Whatever the photographs' form, a picture keeps to a sensible size.
    let width = (HEIGHT * aspect).clamp(HEIGHT / 3.0, HEIGHT * 3.0).round();
    let column = A_CELL as f64 * (width + GAP) + BETWEEN_PARTS;
    let row_height = HEIGHT + GAP + 4.0;
    let corner = |part: usize, class: Diagnosis| {
        let x = LEFT + part as f64 * column;
        (x, TOP + class.index() as f64 * row_height)
    };
    let labels = labels(&parts, corner, (column, row_height));
    let failed = |error: image::ImageError| Error::io("draw", path)(io::Error::other(error));
    let labels = render::png(&labels, path)?;
    let mut sheet = image::load_from_memory(&labels)
        .map_err(failed)?
        .into_rgb8();
    for (number, &part) in parts.iter().enumerate() {
        for class in Diagnosis::ALL {
            let (left, top) = corner(number, class);
            for (place, row) in chosen(rows, part, class).into_iter().enumerate() {
                let side = pixels.side() as u32;
                let image = RgbImage::from_raw(side, side, pixels.image(row).to_vec());
                let Some(image) = image else { continue };
                let scaled = |length: f64| (length * f64::from(render::SCALE)) as u32;
                let (w, h) = (scaled(width), scaled(HEIGHT));
                let image = imageops::resize(&image, w, h, FilterType::Triangle);
                let x = scaled(left + place as f64 * (width + GAP));
                imageops::replace(&mut sheet, &image, i64::from(x), i64::from(scaled(top)));
            }
        }
    }
    pixels.release();
    let mut png = Cursor::new(Vec::new());
    sheet.write_to(&mut png, ImageFormat::Png).map_err(failed)?;
    Ok(png.into_inner())
}

/// The places in the manifest of the images that are shown of a class in a part.
fn chosen(rows: &[Row], part: Split, class: Diagnosis) -> Vec<usize> {
    let of_cell: Vec<usize> = (0..rows.len())
        .filter(|&row| rows[row].split == part && rows[row].sample.dx == class)
        .collect();
    let shown = of_cell.len().min(A_CELL);
    let places = (0..shown).map(|number| number * of_cell.len() / shown);
    places.map(|place| of_cell[place]).collect()
}

fn labels(
    parts: &[Split],
    corner: impl Fn(usize, Diagnosis) -> (f64, f64),
    (column, row_height): (f64, f64),
) -> String {
    let width = LEFT + parts.len() as f64 * column;
    let height = TOP + Diagnosis::COUNT as f64 * row_height + 12.0;
    let title = "Sample images by class and part";
    let mut svg = Svg::new(width, height, title);
    svg.text((20.0, 30.0), title, Style::new(18.0).bold());
    for (number, part) in parts.iter().enumerate() {
        let name = match part {
            Split::Train => "Training",
            Split::Val => "Validation",
            Split::Test => "Test",
        };
        let (x, y) = corner(number, Diagnosis::ALL[0]);
        svg.text((x, y - 10.0), name, Style::new(14.0).bold());
    }
    for class in Diagnosis::ALL {
        let middle = corner(0, class).1 + HEIGHT / 2.0;
        let right = Style::new(13.0).anchor(Anchor::End);
        svg.text((LEFT - 12.0, middle - 1.0), class.code(), right.bold());
        let name = Style::new(11.0).anchor(Anchor::End).colour(FAINT);
        svg.text((LEFT - 12.0, middle + 13.0), class.name(), name);
    }
    svg.finish()
}
