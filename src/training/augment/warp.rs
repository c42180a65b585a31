//! Geometric augmentation: rotation, flip, scale, crop, stretch, shift and shear.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::photograph::{Photograph, within};
use crate::training::config::Augment;

/// An affine map from points of the result to points of the image, which spans −1 to 1: a 2 × 3 matrix.
pub struct Warp([[f64; 3]; 2]);

impl Warp {
    /// A random map of the configured strength.
    pub fn random(by: &Augment, aspect: f64, random: &mut ChaCha8Rng) -> Self {
        let (sin, cos) = within(random, by.rotation.to_radians()).sin_cos();
        let scale = (1.0 + by.scale).powf(within(random, 1.0));
        let crop = 1.0 - by.crop * random.random_range(0.0..=1.0);
        let stretch = (1.0 + by.stretch).powf(within(random, 1.0));
        let shear = within(random, by.shear);
        let (across, down) = (
            2.0 * within(random, by.shift),
            2.0 * within(random, by.shift),
        );
        let mut flip = || match by.flip && random.random_bool(0.5) {
            true => -1.0,
            false => 1.0,
        };
        let field = crop * scale;
        let (x, y) = (flip() * field * stretch, flip() * field / stretch);
        // `aspect` makes this a rotation in the proportions of the original photograph, which was resized to a square.
        Self([
            [cos * x, (shear * cos - sin) * y / aspect, across],
            [sin * x * aspect, (shear * sin + cos) * y, down],
        ])
    }

    /// Warps an image (side × side × 3 bytes) to `size` pixels, with bilinear sampling and reflection at the borders.
    pub fn apply(&self, image: &[u8], side: usize, size: usize) -> Photograph {
        let [[xx, xy, x0], [yx, yy, y0]] = self.0.map(|row| row.map(|value| value as f32));
        let half = side as f32 / 2.0;
        let step = 2.0 / size as f32;
        let source = SourceImage::new(image, side);
        let mut pixels = Vec::with_capacity(size * size);
        // Pixels stay padded until a row is complete: arrays of three would be copied number by number.
        let mut line: Vec<Padded> = vec![[0.0; 4]; size];
        for row in 0..size {
            let v = (row as f32 + 0.5) * step - 1.0;
            for (column, pixel) in line.iter_mut().enumerate() {
                let u = (column as f32 + 0.5) * step - 1.0;
                let x = (xx * u + xy * v + x0 + 1.0) * half - 0.5;
                let y = (yx * u + yy * v + y0 + 1.0) * half - 0.5;
                *pixel = source.at(x, y);
            }
            pixels.extend(line.iter().map(|&[red, green, blue, _]| [red, green, blue]));
        }
        Photograph {
            width: size,
            height: size,
            pixels,
        }
    }
}

/// A pixel padded to four numbers, the width of a SIMD register.
type Padded = [f32; 4];

/// The image that is sampled, in 0–1.
struct SourceImage {
    side: usize,
    pixels: Vec<Padded>,
}

impl SourceImage {
    fn new(image: &[u8], side: usize) -> Self {
        let padded = |rgb: &[u8]| [rgb[0], rgb[1], rgb[2], 0].map(|value| f32::from(value) / 255.0);
        Self {
            side,
            pixels: image.chunks_exact(3).map(padded).collect(),
        }
    }

    /// The colour at a point, in pixels from the centre of the first pixel.
    fn at(&self, x: f32, y: f32) -> Padded {
        let (left, top) = (floor(x), floor(y));
        let (right_weight, bottom_weight) = (x - left as f32, y - top as f32);
        let last = self.side as i32 - 1;
        // Fast path: most points lie inside and need no reflection.
        let inside = (0..last).contains(&left) && (0..last).contains(&top);
        let [columns, rows] = match inside {
            true => [left, top].map(|at| [at as usize, at as usize + 1]),
            false => [left, top].map(|at| [at, at + 1].map(|at| reflected(at, self.side))),
        };
        let pixel = |row: usize, column: usize| self.pixels[row * self.side + column];
        let mix = |from: Padded, to: Padded, weight: f32| -> Padded {
            std::array::from_fn(|i| from[i] + weight * (to[i] - from[i]))
        };
        let above = mix(
            pixel(rows[0], columns[0]),
            pixel(rows[0], columns[1]),
            right_weight,
        );
        let below = mix(
            pixel(rows[1], columns[0]),
            pixel(rows[1], columns[1]),
            right_weight,
        );
        mix(above, below, bottom_weight)
    }
}

/// The floor of a value. `f32::floor` is a call into the C library on x86-64, and every pixel needs two.
fn floor(value: f32) -> i32 {
    let towards_zero = value as i32;
    towards_zero - i32::from(towards_zero as f32 > value)
}

/// Reflects an index beyond a border into the image.
fn reflected(at: i32, side: usize) -> usize {
    let side = side as i32;
    if (0..side).contains(&at) {
        return at as usize;
    }
    let wrapped = at.rem_euclid(2 * side);
    let inside = if wrapped < side {
        wrapped
    } else {
        2 * side - 1 - wrapped
    };
    inside as usize
}
