//! RandAugment (Cubuk et al. 2020): some operations per image, drawn from a list, all with the same magnitude.
//!
//! The operations are those of torchvision that change an image's values and that the other augmentations lack, without
//! solarize: inverted colours are not seen in dermatoscopes. All but sharpness are tables of 256 values per colour.
//!
//! On purpose unlike torchvision, the list is shorter and has no identity, and autocontrast and equalize are blended
//! with the image by the magnitude. At full strength these two, and the others at every magnitude, give the bytes that
//! torchvision makes of a Pillow image (`tests/reference/randaugment.py`).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::training::config::Augment;

/// The operations of one image, in order.
pub struct RandAugment(Vec<Operation>);

/// An operation and its strength.
#[derive(Clone, Copy, Debug)]
enum Operation {
    /// Blends the image with a smoothed version: 0 gives the smoothed version, 1 the image, and above 1 sharpens.
    Sharpness(f32),
    /// Keeps the highest 8 to 4 bits of each value.
    Posterize(u32),
    /// Stretches the values of each colour to 0–255, by this fraction of the way.
    Autocontrast(f32),
    /// Equalizes the histogram of each colour, by this fraction of the way.
    Equalize(f32),
}

impl Operation {
    /// Sharpens, or smooths if the magnitude is negative, as torchvision does at `magnitude` × 30 of its 31 bins.
    fn sharpness(magnitude: f32) -> Self {
        Self::Sharpness(1.0 + 0.9 * magnitude)
    }

    /// Posterizes as torchvision does at `magnitude` × 30 of its 31 bins.
    fn posterize(magnitude: f32) -> Self {
        Self::Posterize(8 - (4.0 * magnitude).round() as u32)
    }
}

impl RandAugment {
    /// Random operations of the configured number and magnitude. Autocontrast and equalize have no magnitude in
    /// torchvision; here they are blended with the image, so that a small magnitude is a small change.
    pub fn random(by: &Augment, random: &mut ChaCha8Rng) -> Self {
        let magnitude = by.magnitude as f32;
        let mut operation = || match random.random_range(0..4) {
            0 if random.random_bool(0.5) => Operation::sharpness(magnitude),
            0 => Operation::sharpness(-magnitude),
            1 => Operation::posterize(magnitude),
            2 => Operation::Autocontrast(magnitude),
            _ => Operation::Equalize(magnitude),
        };
        Self((0..by.randaugment).map(|_| operation()).collect())
    }

    /// Applies the operations to an image (`side × side × 3` bytes).
    pub fn apply(&self, image: &mut [u8], side: usize) {
        for operation in &self.0 {
            match *operation {
                Operation::Sharpness(factor) => sharpness(image, side, factor),
                Operation::Posterize(bits) => {
                    let mask = !0 << (8 - bits);
                    image.iter_mut().for_each(|value| *value &= mask);
                }
                Operation::Autocontrast(share) => map_colours(image, share, autocontrast),
                Operation::Equalize(share) => map_colours(image, share, equalize),
            }
        }
    }
}

/// Pillow's smoothing filter has weight 5 in the centre and 1 around it, and leaves the border as it is.
fn sharpness(image: &mut [u8], side: usize, factor: f32) {
    let original = image.to_vec();
    let at = |row: usize, column: usize| (row * side + column) * 3;
    for row in 1..side.saturating_sub(1) {
        for value in at(row, 1)..at(row, side - 1) {
            let line = |start: usize| {
                let values = [start - 3, start, start + 3].map(|at| u32::from(original[at]));
                values.iter().sum::<u32>()
            };
            let around = line(value - 3 * side) + line(value) + line(value + 3 * side);
            let sum = around + 4 * u32::from(original[value]);
            let smooth = ((2 * sum + 13) / 26) as f32;
            // `as` truncates and saturates, as Pillow does.
            image[value] = (smooth + factor * (f32::from(original[value]) - smooth)) as u8;
        }
    }
}

/// Maps the values of each colour by a table that is made from the colour's histogram, by a fraction of the way.
fn map_colours(image: &mut [u8], share: f32, table: fn(&[u32; 256]) -> [u8; 256]) {
    for colour in 0..3 {
        let mut histogram = [0; 256];
        for value in image.iter().skip(colour).step_by(3) {
            histogram[usize::from(*value)] += 1;
        }
        let mut table = table(&histogram);
        for (from, to) in (0u8..=255).zip(&mut table) {
            let (from, full) = (f32::from(from), f32::from(*to));
            *to = (from + share * (full - from)).round() as u8;
        }
        for value in image.iter_mut().skip(colour).step_by(3) {
            *value = table[usize::from(*value)];
        }
    }
}

/// The table of torchvision's `autocontrast`: the lowest value becomes 0 and the highest 255.
fn autocontrast(histogram: &[u32; 256]) -> [u8; 256] {
    let occurs = |&value: &usize| histogram[value] > 0;
    let (lowest, highest) = ((0..256).find(occurs), (0..256).rfind(occurs));
    std::array::from_fn(|value| match (lowest, highest) {
        (Some(low), Some(high)) if low < high => {
            (value.saturating_sub(low) * 255 / (high - low)).min(255) as u8
        }
        _ => value as u8,
    })
}

/// The table of Pillow's `equalize`: each value becomes its rank, so that all ranges are equally frequent.
fn equalize(histogram: &[u32; 256]) -> [u8; 256] {
    let pixels = histogram.iter().sum::<u32>();
    let last = histogram.iter().rev().find(|count| **count > 0);
    let step = (pixels - last.unwrap_or(&0)) / 255;
    let mut rank = step / 2;
    std::array::from_fn(|value| {
        let below = rank;
        rank += histogram[value];
        match step {
            0 => value as u8,
            step => (below / step).min(255) as u8,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(operation: Operation, mut image: Vec<u8>, side: usize) -> Vec<u8> {
        RandAugment(vec![operation]).apply(&mut image, side);
        image
    }

    /// A grey image of these values.
    fn grey(values: &[u8]) -> Vec<u8> {
        values.iter().flat_map(|&value| [value; 3]).collect()
    }

    /// The images are those of tests/reference/randaugment.py.
    #[test]
    fn the_operations_are_those_of_torchvision_at_the_same_magnitudes() {
        let reference = include_str!("../../../tests/reference/randaugment.json");
        let reference: serde_json::Value = serde_json::from_str(reference).unwrap();
        let photo = include_bytes!("../../../tests/reference/images/photo_stretch_24.png");
        let photo = image::load_from_memory(photo)
            .unwrap()
            .into_rgb8()
            .into_raw();
        let mut compared = 0;
        for (name, expected) in reference["outputs"].as_object().unwrap() {
            let (operation, bin) = name.split_once(' ').unwrap_or((name, "0"));
            let magnitude = bin.parse::<f32>().unwrap() / 30.0;
            let operation = match operation {
                "Sharpness" => Operation::sharpness(magnitude),
                "Posterize" => Operation::posterize(magnitude),
                "AutoContrast" => Operation::Autocontrast(1.0),
                "Equalize" => Operation::Equalize(1.0),
                _ => panic!("{operation}"),
            };
            let found = applied(operation, photo.clone(), 24);
            let digits = expected.as_str().unwrap();
            let expected = (0..found.len()).map(|at| &digits[2 * at..2 * at + 2]);
            let expected = expected.map(|byte| u8::from_str_radix(byte, 16).unwrap());
            assert!(found.iter().copied().eq(expected), "{name}");
            compared += 1;
        }
        assert_eq!(compared, 14);
    }

    #[test]
    fn posterize_keeps_the_highest_bits() {
        let image = vec![0, 15, 16, 127, 128, 255, 37, 90, 200, 1, 2, 3];
        let expected = [0, 0, 16, 112, 128, 240, 32, 80, 192, 0, 0, 0];
        assert_eq!(applied(Operation::Posterize(4), image.clone(), 2), expected);
        assert_eq!(applied(Operation::Posterize(8), image.clone(), 2), image);
    }

    #[test]
    fn autocontrast_stretches_each_colour_to_the_whole_range() {
        // Red is 50 to 100, green is constant, blue is 0 to 255 already.
        let image = vec![50, 7, 0, 100, 7, 255, 60, 7, 9, 75, 7, 100];
        let full = [0, 7, 0, 255, 7, 255, 51, 7, 9, 127, 7, 100];
        assert_eq!(
            applied(Operation::Autocontrast(1.0), image.clone(), 2),
            full
        );
        let half = applied(Operation::Autocontrast(0.5), image, 2);
        assert_eq!(half[..3], [25, 7, 0]);
    }

    #[test]
    fn equalize_follows_the_ranks_of_the_values() {
        // 1,024 pixels: 512 of 10, 256 of 20, 256 of 30. Step (1024 − 256) / 255 = 3; half a step is 1.
        let values: Vec<u8> = (0..1024).map(|at| [10, 10, 20, 30][at % 4]).collect();
        let equalized = applied(Operation::Equalize(1.0), grey(&values), 32);
        // 1 / 3, (1 + 512) / 3, (1 + 768) / 3 = 256, cut to 255.
        assert_eq!(equalized[..12], *grey(&[0, 0, 171, 255]));
        // Too few pixels for a step of one: unchanged, as in Pillow.
        let few = grey(&[1, 2, 3, 4]);
        assert_eq!(applied(Operation::Equalize(1.0), few.clone(), 2), few);
    }

    #[test]
    fn sharpness_blends_with_a_smoothed_image_and_leaves_the_border() {
        let image = grey(&[10, 20, 30, 40, 100, 60, 70, 80, 90]);
        // (400 + 5 · 100) / 13 = 69.2, which is 69.
        for (factor, centre) in [(0.0, 69), (1.0, 100), (0.5, 84), (1.9, 127)] {
            let expected = grey(&[10, 20, 30, 40, centre, 60, 70, 80, 90]);
            let sharpened = applied(Operation::Sharpness(factor), image.clone(), 3);
            assert_eq!(sharpened, expected, "{factor}");
        }
        let bright = grey(&[0, 0, 0, 0, 250, 0, 0, 0, 0]);
        let sharpened = applied(Operation::Sharpness(1.9), bright, 3);
        assert_eq!(sharpened[12..15], [255; 3]);
    }
}
