//! Resizes decoded photographs to the network's input size.

use fast_image_resize as fir;
use fir::images::{TypedImage, TypedImageRef};
use fir::pixels::U8x3;
use image::{RgbImage, imageops};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

/// The default side of the network's input, in pixels.
pub const DEFAULT_SIZE: u32 = 224;

/// How a photograph of any size becomes the network's square input. Datasets, checkpoints and exports store the rule,
/// because other preprocessing yields other probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResizeRule {
    /// Side of the square, in pixels: at most [`MAX_SIZE`] where it is read from a file.
    #[serde(deserialize_with = "bounded_size")]
    pub size: u32,
    /// How an image that is not square becomes square.
    pub fit: Fit,
    /// The resampling filter.
    pub filter: Filter,
    /// The colour correction after resizing.
    #[serde(default, skip_serializing_if = "Colour::is_as_taken")]
    pub colour: Colour,
}

/// The largest side that is read from a file: 4096 pixels, 16 times the area of the largest that `prepare` writes.
pub const MAX_SIZE: u32 = 4096;

/// Refuses sides that would ask for more memory than an image needs.
fn bounded_size<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        size @ 1..=MAX_SIZE => Ok(size),
        size => Err(serde::de::Error::custom(format!(
            "a size of {size} pixels is not from 1 to {MAX_SIZE}"
        ))),
    }
}

/// How an image that is not square becomes square.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Fit {
    /// Scale both sides to the size; keeps the whole image.
    #[default]
    Stretch,
    // Left and top are rounded down; the image is cropped before it is resized.
    /// Keep the largest centred square.
    Crop,
}

/// The resampling filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// A triangle filter as wide as the reduction, as Pillow's BILINEAR and torchvision's `antialias=True`: separable,
    /// vertical pass first, each pass rounded to 8 bits. Pillow's first pass is horizontal, so some of its bytes differ
    /// by one level.
    #[default]
    TriangleAntialiased,
}

/// The colour correction of a resized image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Colour {
    /// Keep the colours as they are.
    #[default]
    AsTaken,
    // A Minkowski mean, which removes the illuminant's tint; common in dermoscopy since Barata et al. 2015.
    /// Scale each channel to the same mean of order 6 (Finlayson & Trezzi 2004).
    ShadesOfGrey,
}

impl Colour {
    fn is_as_taken(&self) -> bool {
        *self == Self::AsTaken
    }
}

impl ResizeRule {
    /// The default rule with a given side.
    pub fn square(size: u32) -> Self {
        Self {
            size,
            fit: Fit::default(),
            filter: Filter::default(),
            colour: Colour::default(),
        }
    }

    /// The flags of `skinlesion prepare` for this rule.
    pub fn flags(&self) -> String {
        let fit = match self.fit {
            Fit::Stretch => "stretch",
            Fit::Crop => "crop",
        };
        let colour = match self.colour {
            Colour::AsTaken => "",
            Colour::ShadesOfGrey => " --colour shades-of-grey",
        };
        format!("--size {} --fit {fit}{colour}", self.size)
    }

    /// The rule as a sentence, for developers who reimplement it.
    pub fn in_words(&self) -> String {
        let size = self.size;
        let field = match self.fit {
            Fit::Stretch => "keep the whole image",
            Fit::Crop => "cut out the largest centred square",
        };
        let filter = match self.filter {
            Filter::TriangleAntialiased => {
                "a triangle filter as wide as the reduction (antialiased bilinear, as Pillow's BILINEAR in two calls, \
                 the height first; not the plain bilinear of most image libraries)"
            }
        };
        let colour = match self.colour {
            Colour::AsTaken => "",
            Colour::ShadesOfGrey => {
                "; then, with m of a channel being the 6th root of the mean of its values' 6th powers, multiply \
                 each channel by the root mean square of the three m divided by its own m, and round to 8 bits"
            }
        };
        format!(
            "Decode to 8-bit RGB, turn it as its EXIF orientation says, {field} and scale it to \
             {size}×{size} pixels with {filter}, vertical pass first, each pass rounded to 8 bits{colour}"
        )
    }

    /// The size of one prepared image in bytes: size × size × 3.
    pub fn bytes(&self) -> usize {
        self.size as usize * self.size as usize * 3
    }
}

/// Resizes an image by a rule. The result is size × size × 3 bytes, row-major, RGB interleaved (HWC). Integer
/// arithmetic makes it identical on every machine.
pub fn resize(image: &RgbImage, rule: ResizeRule) -> Vec<u8> {
    resize_by(&mut fir::Resizer::new(), image, rule)
}

/// [`resize`] for a square image given as `side × side × 3` bytes.
pub fn resize_square(image: &[u8], side: usize, rule: ResizeRule) -> Vec<u8> {
    stretch_bytes(&mut fir::Resizer::new(), image, [side as u32; 2], rule)
}

/// [`resize`] with a given resizer, so that a test can choose the CPU extensions.
pub(super) fn resize_by(resizer: &mut fir::Resizer, image: &RgbImage, rule: ResizeRule) -> Vec<u8> {
    let mut resized = match rule.fit {
        Fit::Stretch => stretch(resizer, image, rule),
        Fit::Crop => stretch(resizer, &centred_square(image), rule),
    };
    match rule.colour {
        Colour::AsTaken => {}
        Colour::ShadesOfGrey => shades_of_grey(&mut resized),
    }
    resized
}

/// See [`Colour::ShadesOfGrey`].
fn shades_of_grey(pixels: &mut [u8]) {
    let mut sums = [0u128; 3];
    for pixel in pixels.chunks_exact(3) {
        for (sum, &value) in sums.iter_mut().zip(pixel) {
            *sum += u128::from(value).pow(6);
        }
    }
    if sums.contains(&0) {
        return;
    }
    let norms = sums.map(|sum| (sum as f64).powf(1.0 / 6.0));
    let mean = (norms.iter().map(|norm| norm * norm).sum::<f64>() / 3.0).sqrt();
    for pixel in pixels.chunks_exact_mut(3) {
        for (value, norm) in pixel.iter_mut().zip(norms) {
            *value = (f64::from(*value) * mean / norm).round().min(255.0) as u8;
        }
    }
}

/// Crops before resizing, so that pixels outside the square do not affect the edges.
fn centred_square(image: &RgbImage) -> RgbImage {
    let side = image.width().min(image.height());
    let (left, top) = ((image.width() - side) / 2, (image.height() - side) / 2);
    imageops::crop_imm(image, left, top, side, side).to_image()
}

fn stretch(resizer: &mut fir::Resizer, image: &RgbImage, rule: ResizeRule) -> Vec<u8> {
    stretch_bytes(resizer, image.as_raw(), image.dimensions().into(), rule)
}

fn stretch_bytes(
    resizer: &mut fir::Resizer,
    image: &[u8],
    [width, height]: [u32; 2],
    rule: ResizeRule,
) -> Vec<u8> {
    let filter = match rule.filter {
        Filter::TriangleAntialiased => fir::FilterType::Bilinear,
    };
    let options = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(filter));
    let mut resized = vec![0; rule.bytes()];
    // Cannot fail: both buffers have the stated size.
    let source = TypedImageRef::<U8x3>::from_buffer(width, height, image);
    let target = TypedImage::<U8x3>::from_buffer(rule.size, rule.size, &mut resized);
    if let (Ok(source), Ok(mut target)) = (source, target) {
        let _ = resizer.resize_typed(&source, &mut target, &options);
    }
    resized
}
