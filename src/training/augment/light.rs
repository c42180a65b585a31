//! Other light: brighter, warmer, uneven, darker towards the corners.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Photograph, within};
use crate::training::config::Augment;

/// Shares of red, green and blue in brightness (ITU-R BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// What the light does to one photograph.
pub struct Light {
    /// What red, green and blue are multiplied by.
    gain: [f32; 3],
    /// What distances from the photograph's mean brightness are multiplied by.
    contrast: f32,
    /// What distances from the pixel's own brightness are multiplied by.
    saturation: f32,
    /// The exponent of the values.
    gamma: f32,
    /// How much brighter it is at the right and the lower border than in the middle, as a share.
    slope: [f32; 2],
    /// How much darker it is in the corners, as a share.
    falloff: f32,
}

impl Light {
    pub fn draw(by: &Augment, random: &mut ChaCha8Rng) -> Self {
        let brightness = 1.0 + within(random, by.brightness);
        let contrast = 1.0 + within(random, by.contrast);
        let warmth = within(random, by.temperature);
        let colours = [warmth, 0.0, -warmth]
            .map(|warmth| (brightness * (1.0 + warmth) * (1.0 + within(random, by.colour))) as f32);
        Self {
            gain: colours,
            contrast: contrast as f32,
            saturation: (1.0 + within(random, by.saturation)) as f32,
            gamma: (1.0 + by.gamma).powf(within(random, 1.0)) as f32,
            slope: [(); 2].map(|()| within(random, by.illumination) as f32),
            falloff: (by.vignette * random.random_range(0.0..=1.0)) as f32,
        }
    }

    pub fn shine(&self, photograph: &mut Photograph) {
        let count = photograph.pixels.len() as f32;
        let mean = photograph.pixels.iter().flatten().sum::<f32>() / (3.0 * count);
        let (width, height) = (photograph.width, photograph.height as f32);
        let curve = self.curve();
        for (row, pixels) in photograph.pixels.chunks_exact_mut(width).enumerate() {
            let y = 2.0 * (row as f32 + 0.5) / height - 1.0;
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let x = 2.0 * (column as f32 + 0.5) / width as f32 - 1.0;
                let here = (1.0 + self.slope[0] * x + self.slope[1] * y)
                    * (1.0 - self.falloff * 0.5 * (x * x + y * y));
                let brightness: f32 = (0..3).map(|i| LUMA[i] * pixel[i]).sum();
                for (value, gain) in pixel.iter_mut().zip(self.gain) {
                    let coloured = brightness + (*value - brightness) * self.saturation;
                    let lit = ((coloured - mean) * self.contrast + mean) * gain * here;
                    *value = match &curve {
                        Some(curve) => curve[(lit.clamp(0.0, 1.0) * STEPS) as usize],
                        None => lit.clamp(0.0, 1.0),
                    };
                }
            }
        }
    }

    /// The values' power as a table, since a power for each value would cost more than all else.
    fn curve(&self) -> Option<Vec<f32>> {
        let of = |step: usize| (step as f32 / STEPS).powf(self.gamma);
        (self.gamma != 1.0).then(|| (0..=STEPS as usize).map(of).collect())
    }
}

/// Steps of the table: finer than a byte's.
const STEPS: f32 = 2048.0;
