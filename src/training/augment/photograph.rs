//! The image type of the augmentation, and a helper for random numbers.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::imaging::canvas::Canvas;

/// An image during augmentation: red, green and blue in 0–1.
pub type Photograph = Canvas<[f32; 3]>;

/// A random number between −`largest` and `largest`.
pub fn within(random: &mut ChaCha8Rng, largest: f64) -> f64 {
    random.random_range(-1.0..=1.0) * largest
}
