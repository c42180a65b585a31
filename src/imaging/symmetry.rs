//! The eight symmetries of the square: a skin lesion has no preferred orientation.

use std::array::from_fn;
use std::fmt;

use image::{ImageBuffer, Pixel, imageops};

/// An image with pixels of any type.
type Buffer<P> = ImageBuffer<P, Vec<<P as Pixel>::Subpixel>>;

/// A symmetry of the square: a rotation by a multiple of 90°, then perhaps a reflection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symmetry(u8);

impl Symmetry {
    /// The image as it is.
    pub const IDENTITY: Self = Self(0);

    /// All eight; the first is the identity.
    pub const ALL: [Self; 8] = [
        Self(0),
        Self(1),
        Self(2),
        Self(3),
        Self(4),
        Self(5),
        Self(6),
        Self(7),
    ];

    /// The image under this symmetry.
    pub fn apply<P: Pixel + 'static>(self, image: &Buffer<P>) -> Buffer<P> {
        let rotated = match self.0 % 4 {
            0 => image.clone(),
            1 => imageops::rotate90(image),
            2 => imageops::rotate180(image),
            _ => imageops::rotate270(image),
        };
        if self.0 < 4 {
            rotated
        } else {
            imageops::flip_horizontal(&rotated)
        }
    }

    /// The frequencies of the image under this symmetry, from those of the image: its two-dimensional discrete cosine
    /// transform (DCT-II), vertical frequencies first. A quarter turn exchanges the axes, and reversing an axis changes
    /// the sign of its odd frequencies: cos(π (2(N − 1 − x) + 1) u / 2N) = (−1)^u cos(π (2x + 1) u / 2N).
    pub fn of_frequencies<const N: usize>(self, frequencies: &[[f32; N]; N]) -> [[f32; N]; N] {
        let turns = self.0 % 4;
        let is_mirrored = self.0 >= 4;
        let reverses_x = matches!(turns, 1 | 2) != is_mirrored;
        let reverses_y = matches!(turns, 2 | 3);
        let sign = |reverses, frequency| {
            if reverses && frequency % 2 == 1 {
                -1.0
            } else {
                1.0
            }
        };
        from_fn(|v| {
            from_fn(|u| {
                let own = match turns % 2 {
                    0 => frequencies[v][u],
                    _ => frequencies[u][v],
                };
                own * sign(reverses_x, u) * sign(reverses_y, v)
            })
        })
    }
}

impl fmt::Display for Symmetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(
            [
                "as it is",
                "turned 90°",
                "turned 180°",
                "turned 270°",
                "mirrored",
                "turned 90°, mirrored",
                "turned 180°, mirrored",
                "turned 270°, mirrored",
            ][usize::from(self.0 % 8)],
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use image::RgbImage;

    use super::*;

    fn views(image: &RgbImage) -> BTreeSet<Vec<u8>> {
        let views = Symmetry::ALL.iter().map(|s| s.apply(image).into_raw());
        views.collect()
    }

    /// Every byte is different.
    fn image() -> RgbImage {
        RgbImage::from_raw(5, 5, (0..75).collect()).unwrap()
    }

    #[test]
    fn the_eight_views_differ_and_have_the_same_pixels() {
        let image = image();
        let views = views(&image);
        assert_eq!(views.len(), 8);
        assert!(views.contains(image.as_raw()));
        let pixels =
            |view: &[u8]| -> BTreeSet<Vec<u8>> { view.chunks(3).map(<[u8]>::to_vec).collect() };
        assert!(views.iter().all(|view| pixels(view) == pixels(&image)));
    }

    #[test]
    fn a_view_has_the_same_views_as_its_image() {
        let image = image();
        for symmetry in Symmetry::ALL {
            assert_eq!(views(&symmetry.apply(&image)), views(&image));
        }
    }
}
