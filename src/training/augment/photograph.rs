//! An image that is being augmented, and the random numbers that augment it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::imaging::canvas::Canvas;

/// Pixels of an image under way: red, green and blue in 0–1.
pub type Photograph = Canvas<[f32; 3]>;

/// A number between −`largest` and `largest`.
pub fn within(random: &mut ChaCha8Rng, largest: f64) -> f64 {
    random.random_range(-1.0..=1.0) * largest
}
