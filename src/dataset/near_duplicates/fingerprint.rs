//! How alike two photographs are, whichever way either was turned, mirrored, cut a little or lit.
//!
//! Dark spots on light skin all fingerprint alike from afar: a plain correlation finds thousands of strangers. What
//! only the same skin shares is its fine structure, so images are compared by their *detail*: grey values less
//! their local mean.

use image::imageops::{self, FilterType};
use image::{GrayImage, RgbImage};
use image_hasher::{HashAlg, HasherConfig};

use super::local_contrast::{LocalContrast, Shifts, overlap};
use crate::imaging::symmetry::Symmetry;

/// The side of the square that photographs are compared at, in pixels.
pub const SIDE: usize = 64;

/// The side of the square of the first, quick comparison.
const SMALL: usize = SIDE / 2;

/// The hashes of a photograph's eight views may differ from another's in so many of their 64 bits.
pub const BITS: u32 = 10;

/// Two photographs show the same skin from this correlation of detail on, if their grey values also agree. In
/// `docs/duplicates.md` stands how the three limits were chosen.
pub const DETAIL: f32 = 0.42;

/// The mean difference of grey values, of 255, up to which they do.
pub const DIFFERENCE: f32 = 7.5;

/// From this correlation on grey values need not agree.
pub const CERTAIN: f32 = 0.45;

/// A candidate must reach this correlation of detail in the quick comparison.
const QUICK: f32 = 0.3;

/// With less detail than this (see [`LocalContrast::strength`]) there is nothing to know a photograph by.
const LEAST_STRENGTH: f32 = 0.1;

/// By so much of the side two photographs of the same skin may lie apart.
const SHIFT: usize = 8;

/// The sizes at which the second photograph is tried against the first.
const ZOOMS: [f32; 5] = [1.0, 0.95, 1.05, 0.9, 1.1];

/// What is kept of a photograph to compare it with others: 4 KiB.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    grey: GrayImage,
    hashes: [u64; 8],
}

/// How two photographs are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// What is done to the second one so that it lies on the first.
    pub symmetry: Symmetry,
    /// Bits of 64 in which the hashes differ.
    pub bits: u32,
    /// Correlation of the details, −1 to 1.
    pub detail: f32,
    /// Mean absolute difference of the grey values, 0–255, after both have the same mean.
    pub difference: f32,
}

impl Similarity {
    /// Whether the two show the same skin.
    pub fn is_same_skin(&self) -> bool {
        self.detail >= CERTAIN || (self.detail >= DETAIL && self.difference <= DIFFERENCE)
    }
}

impl Fingerprint {
    /// Of an image of any size. None if there is nothing in it to know it by, such as a plain colour.
    pub fn new(image: &RgbImage) -> Option<Self> {
        let side = SIDE as u32;
        let grey = imageops::resize(
            &imageops::grayscale(image),
            side,
            side,
            FilterType::Triangle,
        );
        if LocalContrast::of(&grey).strength() < LEAST_STRENGTH {
            return None;
        }
        let hasher = HasherConfig::new()
            .hash_alg(HashAlg::Median)
            .hash_size(8, 8)
            .preproc_dct()
            .to_hasher();
        let hashes = Symmetry::ALL.map(|symmetry| {
            let hash = hasher.hash_image(&symmetry.apply(&grey));
            let bytes = hash.as_bytes().iter();
            bytes.fold(0u64, |bits, &byte| bits << 8 | u64::from(byte))
        });
        Some(Self { grey, hashes })
    }

    /// How the two are alike under the symmetry that shows it best; none if their hashes are too far apart.
    pub fn similarity(&self, other: &Self) -> Option<Similarity> {
        self.candidates(other)
            .filter_map(|candidate| self.compare(other, candidate))
            .max_by(|a, b| a.detail.total_cmp(&b.detail))
    }

    /// The symmetries of `other` under which the hashes are near, with the bits in which they differ.
    fn candidates(&self, other: &Self) -> impl Iterator<Item = (Symmetry, u32)> {
        let own = self.hashes[0];
        let pairs = Symmetry::ALL.into_iter().zip(other.hashes);
        pairs
            .map(move |(symmetry, hash)| (symmetry, (own ^ hash).count_ones()))
            .filter(move |&(_, distance)| distance <= BITS)
    }

    /// A close fingerprint at a candidate.
    fn compare(&self, other: &Self, (symmetry, bits): (Symmetry, u32)) -> Option<Similarity> {
        let other = symmetry.apply(&other.grey);
        let half = |image: &GrayImage| {
            let side = SMALL as u32;
            LocalContrast::of(&imageops::resize(image, side, side, FilterType::Triangle))
        };
        let shifts = Shifts::around((0, 0), SHIFT / 2);
        let (quick, dx, dy) = half(&self.grey).best(&half(&other), shifts);
        if quick < QUICK {
            return None;
        }
        let own = LocalContrast::of(&self.grey);
        let shifts = Shifts::around((2 * dx, 2 * dy), 2);
        let (mut detail, mut difference) = (-1.0, 255.0);
        for zoom in ZOOMS {
            let zoomed = zoomed(&other, zoom);
            let (found, dx, dy) = own.best(&LocalContrast::of(&zoomed), shifts);
            if found > detail {
                detail = found;
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

/// The same side, but nearer (above 1) or farther, with the edge drawn on.
fn zoomed(image: &GrayImage, zoom: f32) -> GrayImage {
    if zoom == 1.0 {
        return image.clone();
    }
    let middle = (SIDE as f32 - 1.0) / 2.0;
    let most = SIDE as f32 - 1.0;
    GrayImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        let at = |place: u32| ((place as f32 - middle) / zoom + middle).clamp(0.0, most);
        imageops::interpolate_bilinear(image, at(x), at(y)).unwrap_or(image::Luma([0]))
    })
}

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
