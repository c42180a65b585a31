//! Random changes of training images, as batched tensor operations on the training device.
//!
//! What happens to an image depends on (seed, epoch, the image's number) alone, not on its batch.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::config::Augment;
use crate::model::input;

/// `grid_sampler`'s codes for bilinear interpolation and for reflected borders.
const BILINEAR: i64 = 0;
const REFLECTED: i64 = 2;

/// Augments a batch.
///
/// `bytes` is u8, N × 3 × S × S; `images` are the images' numbers in the dataset. Returns RGB in 0–1,
/// f32, of the same shape.
pub fn augment(bytes: &Tensor, images: &[usize], seed: u64, epoch: usize, by: &Augment) -> Tensor {
    let changes: Vec<Change> = images
        .iter()
        .map(|&image| Change::draw(&mut generator(seed, epoch, image), by))
        .collect();
    let (count, device) = (images.len() as i64, bytes.device());
    let column =
        |values: Vec<f32>, shape: &[i64]| Tensor::from_slice(&values).view(shape).to_device(device);
    let flat = |of: fn(&Change) -> &[f32]| changes.iter().flat_map(of).copied().collect::<Vec<_>>();
    let warp = column(flat(|c| &c.warp), &[count, 2, 3]);
    let gain = column(flat(|c| &c.gain), &[count, 3, 1, 1]);
    let contrast = column(
        flat(|c| std::slice::from_ref(&c.contrast)),
        &[count, 1, 1, 1],
    );

    let unit = input::to_unit(bytes);
    let grid = Tensor::affine_grid_generator(&warp, unit.size(), false);
    let warped = unit.grid_sampler(&grid, BILINEAR, REFLECTED, false);
    let mean = warped.mean_dim(&[1i64, 2, 3][..], true, Kind::Float);
    (((warped - &mean) * contrast + mean) * gain).clamp(0.0, 1.0)
}

/// One image's changes.
struct Change {
    /// Where each output point comes from, in units in which the image spans -1 to 1: two rows of
    /// a 2 × 3 matrix.
    warp: [f32; 6],
    /// What red, green and blue are multiplied by.
    gain: [f32; 3],
    /// What distances from the image's mean are multiplied by.
    contrast: f32,
}

impl Change {
    fn draw(random: &mut ChaCha8Rng, by: &Augment) -> Self {
        let mut within = |largest: f64| random.random_range(-1.0..=1.0) * largest;
        let angle = within(by.rotation.to_radians());
        let scale = (1.0 + by.scale).powf(within(1.0));
        let shear = within(by.shear);
        let (across, down) = (2.0 * within(by.shift), 2.0 * within(by.shift));
        let brightness = 1.0 + within(by.brightness);
        let contrast = 1.0 + within(by.contrast);
        let colours = [(); 3].map(|()| 1.0 + within(by.colour));
        let mut mirrored = || {
            if by.flip && random.random_bool(0.5) {
                -1.0
            } else {
                1.0
            }
        };
        let (flip_x, flip_y) = (mirrored(), mirrored());

        let (sin, cos) = angle.sin_cos();
        let warp = [
            cos * flip_x / scale,
            (shear * cos - sin) * flip_y / scale,
            across,
            sin * flip_x / scale,
            (shear * sin + cos) * flip_y / scale,
            down,
        ];
        Self {
            warp: warp.map(|value| value as f32),
            gain: colours.map(|colour| (colour * brightness) as f32),
            contrast: contrast as f32,
        }
    }
}

/// A stream of random numbers of its own for each image in each epoch.
fn generator(seed: u64, epoch: usize, image: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(((epoch as u64) << 32) | image as u64);
    random
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRONG: Augment = Augment {
        flip: true,
        rotation: 180.0,
        scale: 0.3,
        shift: 0.1,
        shear: 0.1,
        brightness: 0.3,
        contrast: 0.3,
        colour: 0.1,
    };
    const NOTHING: Augment = Augment {
        flip: false,
        rotation: 0.0,
        scale: 0.0,
        shift: 0.0,
        shear: 0.0,
        brightness: 0.0,
        contrast: 0.0,
        colour: 0.0,
    };

    fn images() -> Tensor {
        let bytes: Vec<u8> = (0..3 * 3 * 16 * 16)
            .map(|i: u32| (i * 7 % 251) as u8)
            .collect();
        Tensor::from_slice(&bytes).view([3, 3, 16, 16])
    }

    #[test]
    fn no_change_changes_nothing() {
        let same = augment(&images(), &[0, 1, 2], 1, 1, &NOTHING);
        let difference = (same - input::to_unit(&images())).abs().max();
        assert!(difference.double_value(&[]) < 1e-5);
    }

    #[test]
    fn an_image_is_changed_alike_whatever_batch_it_is_in() {
        let all = augment(&images(), &[10, 11, 12], 1, 3, &STRONG);
        let alone = augment(&images().narrow(0, 2, 1), &[12], 1, 3, &STRONG);
        assert_eq!(all.narrow(0, 2, 1), alone);
    }

    #[test]
    fn another_epoch_seed_or_image_changes_it_otherwise() {
        let one = images().narrow(0, 0, 1);
        let first = augment(&one, &[5], 1, 1, &STRONG);
        for (seed, epoch, image) in [(2, 1, 5), (1, 2, 5), (1, 1, 6)] {
            assert_ne!(first, augment(&one, &[image], seed, epoch, &STRONG));
        }
    }

    #[test]
    fn values_stay_between_0_and_1() {
        let changed = augment(&images(), &[0, 1, 2], 9, 1, &STRONG);
        assert!(changed.min().double_value(&[]) >= 0.0);
        assert!(changed.max().double_value(&[]) <= 1.0);
    }
}
