//! Grad-CAM overlays.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

/// A prepared image (`side` × `side` × 3 bytes) as a PNG file.
pub fn photograph(pixels: &[u8], side: u32) -> Option<Vec<u8>> {
    encode(&RgbImage::from_raw(side, side, pixels.to_vec())?)
}

/// A prepared image with a Grad-CAM map as an overlay, as a PNG file. The map is a square grid in row order with values
/// from 0 up, and is upsampled bilinearly. High values are shown in warm colours; at zero the image is only
/// desaturated.
pub fn grad_cam(pixels: &[u8], side: u32, map: &[f32]) -> Option<Vec<u8>> {
    let mut image = RgbImage::from_raw(side, side, pixels.to_vec())?;
    let grid = (map.len() as f64).sqrt().round() as usize;
    if grid == 0 || grid * grid != map.len() {
        return None;
    }
    let max = map.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        // The receptive field of cell i is centred on pixel i × side / grid, because of convolutions with stride 2 and
        // padding on both sides.
        let cell_at = |pixel: u32| {
            let cell = (pixel as f32 + 0.5) / side as f32 * grid as f32;
            cell.min((grid - 1) as f32)
        };
        let strength = bilinear(map, grid, cell_at(x), cell_at(y)) / max;
        *pixel = warmed(*pixel, strength);
    }
    encode(&image)
}

fn bilinear(map: &[f32], grid: usize, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor() as usize, y.floor() as usize);
    let (right, bottom) = ((left + 1).min(grid - 1), (top + 1).min(grid - 1));
    let (across, down) = (x.fract(), y.fract());
    let row =
        |row: usize| map[row * grid + left] * (1.0 - across) + map[row * grid + right] * across;
    row(top) * (1.0 - down) + row(bottom) * down
}

/// A colour map from grey over orange to yellow. Lightness rises with hue, so it is readable without colour vision.
fn warmed(Rgb(pixel): Rgb<u8>, strength: f32) -> Rgb<u8> {
    let grey = pixel.iter().map(|&value| f32::from(value)).sum::<f32>() / 3.0;
    let warm = [255.0, 60.0 + 180.0 * strength, 30.0 + 60.0 * strength];
    let share = 0.65 * strength;
    let mut mixed = [0; 3];
    for (channel, value) in mixed.iter_mut().enumerate() {
        let desaturated = 0.5 * (f32::from(pixel[channel]) + grey);
        *value = (desaturated * (1.0 - share) + warm[channel] * share).round() as u8;
    }
    Rgb(mixed)
}

fn encode(image: &RgbImage) -> Option<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overlay_is_warm_where_the_map_is_high() {
        let pixels = [120; 8 * 8 * 3];
        let png = grad_cam(&pixels, 8, &[0.0, 0.0, 0.0, 2.0]).unwrap();
        let image = image::load_from_memory(&png).unwrap().into_rgb8();
        assert!(
            image
                .get_pixel(0, 0)
                .0
                .iter()
                .all(|&value| value.abs_diff(120) < 4)
        );
        let Rgb([red, _, blue]) = *image.get_pixel(7, 7);
        assert!(red > 190 && blue < 110, "{red} {blue}");
        assert!(
            grad_cam(&pixels, 8, &[0.0; 3]).is_none(),
            "not a square grid"
        );
        let plain = image::load_from_memory(&photograph(&pixels, 8).unwrap()).unwrap();
        assert_eq!(plain.into_rgb8().into_raw(), pixels);
    }
}
