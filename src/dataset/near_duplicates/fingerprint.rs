//! Fingerprints of photographs and their similarity, invariant to rotation, mirroring, slight cropping and lighting.
//!
//! Plain correlation of grey values finds thousands of false pairs, because most lesions are dark spots on light skin.
//! Only images of the same skin share fine structure. Images are therefore compared by *local contrast*: grey values
//! minus their local mean, divided by the local standard deviation ([`LocalContrast`]).

use image::{GrayImage, RgbImage, imageops};

use super::local_contrast::{LocalContrast, Shifts, overlap};
use super::perceptual_hash::{self, SIDE};
use crate::imaging::resize::{ResizeRule, resize};
use crate::imaging::symmetry::Symmetry;

/// The side of the square of the coarse comparison, in pixels.
const SMALL: usize = SIDE / 2;

/// The largest Hamming distance between the 64-bit hashes of two candidates.
pub const BITS: u32 = 10;

/// The local-contrast correlation from which two photographs are near-duplicates, if their grey values also agree.
/// `docs/duplicates.md` explains how the three limits were chosen.
pub const DETAIL: f32 = 0.42;

/// The largest mean difference of grey values, of 255, at which they agree.
pub const DIFFERENCE: f32 = 7.5;

/// The local-contrast correlation from which grey values need not agree.
pub const CERTAIN: f32 = 0.45;

/// The local-contrast correlation that a candidate must reach in the coarse comparison.
const COARSE: f32 = 0.3;

/// The least [`LocalContrast::strength`] of a photograph with a fingerprint.
const LEAST_STRENGTH: f32 = 0.1;

/// The largest shift between two photographs of the same skin, in pixels of [`SIDE`].
const SHIFT: usize = 8;

/// The zoom factors at which the second photograph is compared with the first.
const ZOOMS: [f32; 5] = [1.0, 0.95, 1.05, 0.9, 1.1];

/// The fingerprint of a photograph, 11 KB: grey values, local contrast at half the size for the coarse comparison, and
/// the hashes of its eight symmetric views.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    grey: GrayImage,
    coarse: LocalContrast,
    hashes: [u64; 8],
}

/// The similarity of two photographs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// The symmetry that maps the second photograph onto the first.
    pub symmetry: Symmetry,
    /// Hamming distance of the hashes, of 64 bits.
    pub bits: u32,
    /// Correlation of the local contrast, −1 to 1.
    pub detail: f32,
    /// Mean absolute difference of the grey values after their means are equalised, 0 to 255.
    pub difference: f32,
}

impl Similarity {
    /// Whether the photographs are near-duplicates, that is, show the same skin.
    pub fn is_same_skin(&self) -> bool {
        self.detail >= CERTAIN || (self.detail >= DETAIL && self.difference <= DIFFERENCE)
    }
}

impl Fingerprint {
    /// The fingerprint of an image of any size. `None` if the image lacks local contrast, such as a plain colour.
    pub fn new(image: &RgbImage) -> Option<Self> {
        // Resized before its colours are dropped: the other order is slower and differs only in rounding.
        let square = |image: &RgbImage, side: usize| {
            let rule = ResizeRule::square(side as u32);
            RgbImage::from_raw(rule.size, rule.size, resize(image, rule))
        };
        let colour = square(image, SIDE)?;
        let grey = imageops::grayscale(&colour);
        if LocalContrast::of(&grey).strength() < LEAST_STRENGTH {
            return None;
        }
        Some(Self {
            coarse: LocalContrast::of(&imageops::grayscale(&square(&colour, SMALL)?)),
            hashes: perceptual_hash::hashes(&grey),
            grey,
        })
    }

    /// The similarity under the best symmetry. `None` if no symmetry passes the hash and the coarse comparison.
    pub fn similarity(&self, other: &Self) -> Option<Similarity> {
        self.candidates(other)
            .filter_map(|candidate| self.compare(other, candidate))
            .max_by(|a, b| a.detail.total_cmp(&b.detail))
    }

    /// The symmetries of `other` whose hashes differ in at most [`BITS`] bits, with that number.
    fn candidates(&self, other: &Self) -> impl Iterator<Item = (Symmetry, u32)> {
        let own = self.hashes[0];
        let pairs = Symmetry::ALL.into_iter().zip(other.hashes);
        pairs
            .map(move |(symmetry, hash)| (symmetry, (own ^ hash).count_ones()))
            .filter(move |&(_, distance)| distance <= BITS)
    }

    /// Compares the photographs under a candidate symmetry: coarsely, then at full size.
    fn compare(&self, other: &Self, (symmetry, bits): (Symmetry, u32)) -> Option<Similarity> {
        let shifts = Shifts::around((0, 0), SHIFT / 2);
        let (coarse, dx, dy) = self.coarse.best(&other.coarse.turned(symmetry), shifts);
        if coarse < COARSE {
            return None;
        }
        let other = symmetry.apply(&other.grey);
        let own = LocalContrast::of(&self.grey);
        let shifts = Shifts::around((2 * dx, 2 * dy), 2);
        let (mut detail, mut difference) = (-1.0, 255.0);
        for zoom in ZOOMS {
            let zoomed = zoomed(&other, zoom);
            let (correlation, dx, dy) = own.best(&LocalContrast::of(&zoomed), shifts);
            if correlation > detail {
                detail = correlation;
                difference = mean_difference(&self.grey, &zoomed, dx, dy);
            }
        }
        Some(Similarity {
            symmetry,
            bits,
            detail,
            difference,
        })
    }
}

/// Scales the image about its centre and keeps its size. A zoom above 1 magnifies; below 1 the edge is repeated.
fn zoomed(image: &GrayImage, zoom: f32) -> GrayImage {
    if zoom == 1.0 {
        return image.clone();
    }
    let centre = (SIDE as f32 - 1.0) / 2.0;
    let last = SIDE as f32 - 1.0;
    GrayImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        let at = |pixel: u32| ((pixel as f32 - centre) / zoom + centre).clamp(0.0, last);
        imageops::interpolate_bilinear(image, at(x), at(y)).unwrap_or(image::Luma([0]))
    })
}

/// The mean absolute difference of the overlap, after the means are equalised.
fn mean_difference(a: &GrayImage, b: &GrayImage, dx: isize, dy: isize) -> f32 {
    let mut differences = Vec::with_capacity(SIDE * SIDE);
    for y in overlap(SIDE, dy) {
        for x in overlap(SIDE, dx) {
            let here = a.get_pixel(x as u32, y as u32).0[0];
            let there = b.get_pixel((x as isize - dx) as u32, (y as isize - dy) as u32);
            differences.push(f32::from(here) - f32::from(there.0[0]));
        }
    }
    let count = differences.len().max(1) as f32;
    let mean = differences.iter().sum::<f32>() / count;
    differences.iter().map(|d| (d - mean).abs()).sum::<f32>() / count
}
