//! Camera augmentation: blur and JPEG compression.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::photograph::Photograph;
use crate::imaging::decode::decode;
use crate::training::config::Augment;

/// The camera effects of one photograph.
pub struct Camera {
    blur: bool,
    /// The quality of the JPEG compression, if it is applied.
    jpeg_quality: Option<u8>,
}

impl Camera {
    /// Random effects of the configured strength.
    pub fn random(by: &Augment, random: &mut ChaCha8Rng) -> Self {
        Self {
            blur: random.random_bool(by.blur),
            jpeg_quality: random
                .random_bool(by.jpeg)
                .then(|| random.random_range(30..=85)),
        }
    }

    /// Applies the effects. Returns the photograph as bytes: row by row, RGB interleaved.
    pub fn apply(&self, mut photograph: Photograph) -> Vec<u8> {
        if self.blur {
            photograph.blur(1);
        }
        let compressed = self
            .jpeg_quality
            .and_then(|quality| photograph.jpeg(quality).ok())
            .and_then(|file| decode(&file).ok());
        match compressed {
            Some(image) => image.into_raw(),
            None => photograph.bytes(),
        }
    }
}
