//! Augmentation of training images: geometry ([`warp`]), occlusions ([`occlusion`]), colour and illumination
//! ([`light`]), blur and JPEG compression ([`camera`]).
//!
//! The changes of an image depend on (seed, epoch, the image's row in the dataset) alone, not on its batch. They are
//! applied on the CPU, one image per thread, and take a few percent of the time of a training step.

mod camera;
mod light;
mod occlusion;
mod photograph;
mod warp;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::camera::Camera;
use self::light::Light;
use self::occlusion::Occlusions;
use self::warp::Warp;
use super::config::Augment;
use crate::imaging::resize::{self, ResizeRule};
use crate::model::libtorch::threads;

/// The largest reduction at which bilinear sampling does not alias. Larger images are first downscaled with
/// antialiasing.
const LARGEST_REDUCTION: f64 = 1.25;

/// The augmentation of one dataset's images.
///
/// The cache of features is keyed by the `Debug` output: renaming a field invalidates cached features.
#[derive(Clone, Copy, Debug)]
pub struct Augmenter<'a> {
    /// Strength of the changes.
    pub by: &'a Augment,
    /// The seed of the run.
    pub seed: u64,
    /// Side of the dataset's square images, in pixels.
    pub side: usize,
    /// Width divided by height of the original photographs.
    pub aspect: f64,
}

/// An image to augment.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its row in the dataset.
    pub row: usize,
    /// How often it was drawn before in the epoch. Each time it is augmented differently.
    pub repeat: usize,
    /// Its `side × side × 3` bytes.
    pub pixels: &'a [u8],
}

/// Raise this when the same settings and seed give other pixels: cached features of earlier versions are then not used.
pub const VERSION: u32 = 1;

impl Augmenter<'_> {
    /// Augmented versions of images, concatenated: `size × size × 3` bytes each.
    pub fn batch(&self, images: &[Input], epoch: usize, size: usize) -> Vec<u8> {
        let mut augmented = vec![0; images.len() * size * size * 3];
        let mut each: Vec<&mut [u8]> = augmented.chunks_exact_mut(size * size * 3).collect();
        threads::for_each(&mut each, |at, output| {
            let mut random = generator(self.seed, epoch, &images[at]);
            output.copy_from_slice(&self.augment(images[at].pixels, size, &mut random));
        });
        augmented
    }

    fn augment(&self, image: &[u8], size: usize, random: &mut ChaCha8Rng) -> Vec<u8> {
        let warp = Warp::random(self.by, self.aspect, random);
        let occlusions = Occlusions::random(self.by, random);
        let light = Light::random(self.by, random);
        let camera = Camera::random(self.by, random);

        let largest = (size as f64 * LARGEST_REDUCTION).round() as usize;
        let mut photograph = if largest < self.side {
            let reduced = resized(image, self.side, largest);
            warp.apply(&reduced, largest, size)
        } else {
            warp.apply(image, self.side, size)
        };
        occlusions.apply(&mut photograph);
        light.apply(&mut photograph);
        camera.apply(photograph)
    }
}

/// Downscales a square image of the dataset, with the antialiasing that prepared it.
pub fn resized(image: &[u8], side: usize, size: usize) -> Vec<u8> {
    resize::resize_square(image, side, ResizeRule::square(size as u32))
}

/// The random number generator of an image in an epoch. Each time that it is drawn has a stream of its own; those of
/// the 256th repeat and of the image itself are the same.
fn generator(seed: u64, epoch: usize, image: &Input) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let repeat = (image.repeat as u64 & 0xff) << 24;
    random.set_stream(((epoch as u64) << 32) | (repeat ^ image.row as u64));
    random
}

#[cfg(test)]
mod tests;
