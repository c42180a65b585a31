//! Random changes of training images: another view of the lesion ([`warp`]), things in front of it
//! ([`occlusion`]), other light ([`light`]), and a worse camera ([`camera`]).
//!
//! What happens to an image depends on (seed, epoch, the image's number) alone, not on its batch. It
//! happens on bytes, one image a core: a few percent of what a training step costs.

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
use crate::imaging::resize;
use crate::imaging::resize::ResizeRule;
use crate::model::libtorch::threads;

/// A source this much larger than the result still loses nothing to bilinear sampling; a larger one is
/// reduced with antialiasing first.
const LARGEST_REDUCTION: f64 = 1.25;

/// Changes images of one dataset.
#[derive(Clone, Copy, Debug)]
pub struct Augmenter<'a> {
    /// How strong the changes are.
    pub by: &'a Augment,
    /// The seed of the run.
    pub seed: u64,
    /// Side of the dataset's images, in pixels.
    pub side: usize,
    /// Width divided by height of the photographs before they were made square.
    pub aspect: f64,
}

impl Augmenter<'_> {
    /// Changed versions of some images (each `side × side × 3` bytes, with its number in the dataset) at
    /// `size` pixels: `size × size × 3` bytes each, one after the other.
    pub fn batch(&self, images: &[(usize, &[u8])], epoch: usize, size: usize) -> Vec<u8> {
        let mut changed = vec![0; images.len() * size * size * 3];
        let mut each: Vec<&mut [u8]> = changed.chunks_exact_mut(size * size * 3).collect();
        threads::for_each(&mut each, |at, to| {
            let (number, image) = images[at];
            let mut random = generator(self.seed, epoch, number);
            to.copy_from_slice(&self.change(image, size, &mut random));
        });
        changed
    }

    fn change(&self, image: &[u8], size: usize, random: &mut ChaCha8Rng) -> Vec<u8> {
        let warp = Warp::draw(self.by, self.aspect, random);
        let occlusions = Occlusions::draw(self.by, random);
        let light = Light::draw(self.by, random);
        let camera = Camera::draw(self.by, random);

        let enough = (size as f64 * LARGEST_REDUCTION).round() as usize;
        let mut photograph = if enough < self.side {
            let reduced = resized(image, self.side, enough);
            warp.apply(&reduced, enough, size)
        } else {
            warp.apply(image, self.side, size)
        };
        occlusions.lay(&mut photograph);
        light.shine(&mut photograph);
        camera.take(photograph)
    }
}

/// A square image of the dataset at a smaller side, antialiased as when it was prepared.
pub fn resized(image: &[u8], side: usize, size: usize) -> Vec<u8> {
    resize::resize_square(image, side, ResizeRule::square(size as u32))
}

/// A stream of random numbers of its own for each image in each epoch.
fn generator(seed: u64, epoch: usize, image: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(((epoch as u64) << 32) | image as u64);
    random
}

#[cfg(test)]
mod tests;
