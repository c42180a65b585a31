//! A perceptual hash: which of the lowest frequencies of a picture are strong. Pictures of the same scene differ in few
//! bits, whatever their size, compression and brightness.

use std::array::from_fn;
use std::f32::consts::PI;
use std::sync::LazyLock;

use image::GrayImage;

use crate::imaging::symmetry::Symmetry;

/// The side of the square at which photographs are compared, in pixels.
pub const SIDE: usize = 64;

/// The number of frequencies along each axis.
const FREQUENCIES: usize = 8;

/// cos(π (2x + 1) u / 2 [`SIDE`]), by x and u: the waves of the discrete cosine transform.
static WAVES: LazyLock<[[f32; FREQUENCIES]; SIDE]> = LazyLock::new(|| {
    let wave = |x: usize, u: usize| (PI * ((2 * x + 1) * u) as f32 / (2 * SIDE) as f32).cos();
    from_fn(|x| from_fn(|u| wave(x, u)))
});

/// The hashes of the views of a picture of [`SIDE`] × [`SIDE`] under [`Symmetry::ALL`], 64 bits each: whether each of
/// its lowest frequencies is at least their median (pHash, Zauner 2010).
pub fn hashes(grey: &GrayImage) -> [u64; 8] {
    let frequencies = dct(grey);
    Symmetry::ALL.map(|symmetry| hash(&symmetry.of_frequencies(&frequencies)))
}

fn hash(frequencies: &[[f32; FREQUENCIES]; FREQUENCIES]) -> u64 {
    let all = frequencies.as_flattened();
    let mut sorted = all.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let median = f32::midpoint(sorted[all.len() / 2 - 1], sorted[all.len() / 2]);
    all.iter()
        .fold(0, |bits, &value| bits << 1 | u64::from(value >= median))
}

/// The lowest frequencies of the two-dimensional discrete cosine transform (DCT-II, not scaled), vertical ones first.
fn dct(grey: &GrayImage) -> [[f32; FREQUENCIES]; FREQUENCIES] {
    let mut frequencies = [[0.0; FREQUENCIES]; FREQUENCIES];
    for (row, vertical) in grey.as_raw().chunks_exact(SIDE).zip(&*WAVES) {
        let mut of_row = [0.0; FREQUENCIES];
        for (&value, waves) in row.iter().zip(&*WAVES) {
            for (sum, wave) in of_row.iter_mut().zip(waves) {
                *sum += f32::from(value) * wave;
            }
        }
        for (sums, wave) in frequencies.iter_mut().zip(vertical) {
            for (sum, of_row) in sums.iter_mut().zip(of_row) {
                *sum += wave * of_row;
            }
        }
    }
    frequencies
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    fn picture(value: impl Fn(f32, f32) -> f32) -> GrayImage {
        let side = SIDE as u32;
        GrayImage::from_fn(side, side, |x, y| {
            Luma([value(x as f32, y as f32).round() as u8])
        })
    }

    /// Blobs without any symmetry.
    fn blobs() -> GrayImage {
        picture(|x, y| 120.0 + 60.0 * (0.11 * x + 0.7).sin() * (0.07 * y).cos() + 0.9 * y - 0.4 * x)
    }

    #[test]
    fn a_wave_has_one_frequency() {
        let wave = |x: f32, u: f32| (PI * (2.0 * x + 1.0) * u / 128.0).cos();
        let found = dct(&picture(|x, y| 128.0 + 100.0 * wave(x, 3.0) * wave(y, 2.0)));
        for (v, row) in found.iter().enumerate() {
            for (u, &strength) in row.iter().enumerate() {
                // The sum of the squared waves is SIDE / 2 along each axis, and SIDE for frequency 0.
                let expected = match (v, u) {
                    (0, 0) => 128.0 * 64.0 * 64.0,
                    (2, 3) => 100.0 * 32.0 * 32.0,
                    _ => 0.0,
                };
                assert!((strength - expected).abs() < 100.0, "{v} {u}: {strength}");
            }
        }
    }

    #[test]
    fn the_hashes_of_the_views_are_those_of_the_turned_pictures() {
        let picture = blobs();
        let hashes = hashes(&picture);
        for (symmetry, found) in Symmetry::ALL.into_iter().zip(hashes) {
            let expected = hash(&dct(&symmetry.apply(&picture)));
            assert_eq!(found, expected, "{symmetry}");
        }
        assert!(
            (hashes[0] ^ hashes[1]).count_ones() > 10,
            "the views differ"
        );
    }

    #[test]
    fn brightness_changes_few_bits_and_another_picture_many() {
        let own = hashes(&blobs())[0];
        let darker = hashes(&picture(|x, y| {
            0.8 * f32::from(blobs().get_pixel(x as u32, y as u32).0[0])
        }))[0];
        assert!((own ^ darker).count_ones() <= 4);
        let spot = hashes(&picture(|x, y| {
            220.0 - 150.0 * (-((x - 20.0).powi(2) + (y - 40.0).powi(2)) / 200.0).exp()
        }))[0];
        assert!((own ^ spot).count_ones() > 10);
    }
}
