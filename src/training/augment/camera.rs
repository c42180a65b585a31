//! A worse camera: out of focus, and its file compressed harder.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::photograph::Photograph;
use crate::imaging::decode::decode;
use crate::training::config::Augment;

/// What the camera does to one photograph.
pub struct Camera {
    blurred: bool,
    /// The JPEG's quality, if it becomes one once more.
    quality: Option<u8>,
}

impl Camera {
    pub fn draw(by: &Augment, random: &mut ChaCha8Rng) -> Self {
        Self {
            blurred: random.random_bool(by.blur),
            quality: random
                .random_bool(by.jpeg)
                .then(|| random.random_range(30..=85)),
        }
    }

    /// The photograph as bytes: rows first, RGB interleaved.
    pub fn take(&self, mut photograph: Photograph) -> Vec<u8> {
        if self.blurred {
            photograph.blur(1);
        }
        let compressed = self
            .quality
            .and_then(|quality| photograph.jpeg(quality).ok())
            .and_then(|file| decode(&file).ok());
        match compressed {
            Some(image) => image.into_raw(),
            None => photograph.bytes(),
        }
    }
}
