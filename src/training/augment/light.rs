//! Colour augmentation: brightness, contrast, colour, gamma, uneven illumination and vignetting.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::photograph::{Photograph, within};
use crate::training::config::Augment;

/// Weights of red, green and blue in the luma (ITU-R BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// The colour and illumination changes of one photograph.
pub struct Light {
    /// Factors of red, green and blue.
    gain: [f32; 3],
    /// Factor of the difference from the photograph's mean.
    contrast: f32,
    /// Factor of the difference from the pixel's luma.
    saturation: f32,
    /// Exponent of the tone curve.
    gamma: f32,
    /// Relative gain of brightness from the centre to the right and to the lower border.
    slope: [f32; 2],
    /// Relative darkening of the corners.
    vignette: f32,
}

impl Light {
    /// Random changes of the configured strength.
    pub fn random(by: &Augment, random: &mut ChaCha8Rng) -> Self {
        let brightness = 1.0 + within(random, by.brightness);
        let contrast = 1.0 + within(random, by.contrast);
        let warmth = within(random, by.temperature);
        let gain = [warmth, 0.0, -warmth]
            .map(|warmth| (brightness * (1.0 + warmth) * (1.0 + within(random, by.colour))) as f32);
        Self {
            gain,
            contrast: contrast as f32,
            saturation: (1.0 + within(random, by.saturation)) as f32,
            gamma: (1.0 + by.gamma).powf(within(random, 1.0)) as f32,
            slope: [(); 2].map(|()| within(random, by.illumination) as f32),
            vignette: (by.vignette * random.random_range(0.0..=1.0)) as f32,
        }
    }

    /// Applies the changes.
    pub fn apply(&self, photograph: &mut Photograph) {
        let width = photograph.width;
        let mean = mean(&photograph.pixels);
        let tone_curve = self.tone_curve();
        let columns: Vec<f32> = (0..width).map(|column| coordinate(column, width)).collect();
        // One plane per colour, so that the loop over a row is vectorised.
        let mut planes = [(); 3].map(|()| vec![0.0; width]);
        for (row, pixels) in photograph.pixels.chunks_exact_mut(width).enumerate() {
            for (column, pixel) in pixels.iter().enumerate() {
                for (plane, value) in planes.iter_mut().zip(pixel) {
                    plane[column] = *value;
                }
            }
            let y = coordinate(row, photograph.height);
            self.apply_to_row(&mut planes, &columns, y, mean);
            for (column, pixel) in pixels.iter_mut().enumerate() {
                for (value, plane) in pixel.iter_mut().zip(&planes) {
                    *value = match &tone_curve {
                        Some(curve) => curve[(plane[column] * CURVE_STEPS) as usize],
                        None => plane[column],
                    };
                }
            }
        }
    }

    /// Applies everything but the tone curve to the row at height `y`, and clamps the values to 0–1.
    fn apply_to_row(&self, planes: &mut [Vec<f32>; 3], columns: &[f32], y: f32, mean: f32) {
        let [red, green, blue] = planes;
        let colours = red.iter_mut().zip(green).zip(blue).zip(columns);
        for (((red, green), blue), x) in colours {
            let illumination = (1.0 + self.slope[0] * x + self.slope[1] * y)
                * (1.0 - self.vignette * 0.5 * (x * x + y * y));
            let luma = LUMA[0] * *red + LUMA[1] * *green + LUMA[2] * *blue;
            for (value, gain) in [red, green, blue].into_iter().zip(self.gain) {
                let saturated = luma + (*value - luma) * self.saturation;
                let lit = ((saturated - mean) * self.contrast + mean) * gain * illumination;
                *value = lit.clamp(0.0, 1.0);
            }
        }
    }

    /// The tone curve as a table: computing a power per value would take longer than everything else.
    fn tone_curve(&self) -> Option<Vec<f32>> {
        let value = |step: usize| (step as f32 / CURVE_STEPS).powf(self.gamma);
        (self.gamma != 1.0).then(|| (0..=CURVE_STEPS as usize).map(value).collect())
    }
}

/// The coordinate of the centre of row or column `at` of `count`, from −1 at the first border to 1 at the last.
fn coordinate(at: usize, count: usize) -> f32 {
    2.0 * (at as f32 + 0.5) / count as f32 - 1.0
}

/// The mean of all values.
fn mean(pixels: &[[f32; 3]]) -> f32 {
    let add = |sums: [f32; 3], pixel: &[f32; 3]| [0, 1, 2].map(|i| sums[i] + pixel[i]);
    let sums = pixels.iter().fold([0.0; 3], add);
    sums.iter().sum::<f32>() / (3.0 * pixels.len() as f32)
}

/// Steps of the tone curve's table; finer than those of a byte.
const CURVE_STEPS: f32 = 2048.0;
