//! Other light: brighter, warmer, uneven, darker towards the corners.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::photograph::{Photograph, within};
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
        let width = photograph.width;
        let mean = mean(&photograph.pixels);
        let curve = self.curve();
        let columns: Vec<f32> = (0..width).map(|column| place(column, width)).collect();
        // A row's colours one after the other, in which form the processor takes several pixels at once.
        let mut planes = [(); 3].map(|()| vec![0.0; width]);
        for (row, pixels) in photograph.pixels.chunks_exact_mut(width).enumerate() {
            for (column, pixel) in pixels.iter().enumerate() {
                for (plane, value) in planes.iter_mut().zip(pixel) {
                    plane[column] = *value;
                }
            }
            self.shine_on_row(&mut planes, &columns, place(row, photograph.height), mean);
            for (column, pixel) in pixels.iter_mut().enumerate() {
                for (value, plane) in pixel.iter_mut().zip(&planes) {
                    *value = match &curve {
                        Some(curve) => curve[(plane[column] * STEPS) as usize],
                        None => plane[column],
                    };
                }
            }
        }
    }

    /// All but the tone curve, on the colours of the row at height `y`, which become 0 to 1.
    fn shine_on_row(&self, planes: &mut [Vec<f32>; 3], columns: &[f32], y: f32, mean: f32) {
        let [red, green, blue] = planes;
        let colours = red.iter_mut().zip(green).zip(blue).zip(columns);
        for (((red, green), blue), x) in colours {
            let here = (1.0 + self.slope[0] * x + self.slope[1] * y)
                * (1.0 - self.falloff * 0.5 * (x * x + y * y));
            let brightness = LUMA[0] * *red + LUMA[1] * *green + LUMA[2] * *blue;
            for (value, gain) in [red, green, blue].into_iter().zip(self.gain) {
                let coloured = brightness + (*value - brightness) * self.saturation;
                let lit = ((coloured - mean) * self.contrast + mean) * gain * here;
                *value = lit.clamp(0.0, 1.0);
            }
        }
    }

    /// The values' power as a table, since a power for each value would cost more than all else.
    fn curve(&self) -> Option<Vec<f32>> {
        let of = |step: usize| (step as f32 / STEPS).powf(self.gamma);
        (self.gamma != 1.0).then(|| (0..=STEPS as usize).map(of).collect())
    }
}

/// Where a row or column of so many lies, from −1 at the first border to 1 at the last.
fn place(at: usize, of: usize) -> f32 {
    2.0 * (at as f32 + 0.5) / of as f32 - 1.0
}

/// The mean brightness, all colours alike.
fn mean(pixels: &[[f32; 3]]) -> f32 {
    let add = |sums: [f32; 3], pixel: &[f32; 3]| [0, 1, 2].map(|i| sums[i] + pixel[i]);
    let sums = pixels.iter().fold([0.0; 3], add);
    sums.iter().sum::<f32>() / (3.0 * pixels.len() as f32)
}

/// Steps of the table: finer than a byte's.
const STEPS: f32 = 2048.0;
