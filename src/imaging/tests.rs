//! Decoding of all kinds of files, and agreement of the resizer with Pillow's.

use std::io::Cursor;
use std::path::PathBuf;

use fast_image_resize as fir;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{
    DynamicImage, ExtendedColorType, ImageBuffer, ImageEncoder, ImageFormat, Luma, Rgb, RgbImage,
};

use super::decode::decode;
use super::resize::*;

/// An image of tests/reference/images, which tests/reference/images.py wrote with Pillow.
fn reference(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/images");
    std::fs::read(path.join(name)).unwrap()
}

fn rgb(bytes: &[u8]) -> RgbImage {
    decode(bytes).unwrap()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn largest_difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// Red above, blue below: 8 wide, 16 high.
fn red_above_blue() -> RgbImage {
    RgbImage::from_fn(8, 16, |_, y| {
        Rgb(if y < 8 { [230, 0, 0] } else { [0, 0, 230] })
    })
}

/// An EXIF block that holds an orientation and nothing else.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif
}

fn rule(size: u32, fit: Fit) -> ResizeRule {
    ResizeRule {
        fit,
        ..ResizeRule::square(size)
    }
}

#[test]
fn resizing_agrees_with_pillow_to_one_level() {
    let photo = rgb(&reference("photo.png"));
    for (name, size, fit) in [
        ("photo_stretch_24.png", 24, Fit::Stretch),
        ("photo_crop_24.png", 24, Fit::Crop),
        ("photo_stretch_96.png", 96, Fit::Stretch),
    ] {
        let expected = rgb(&reference(name));
        let got = resize(&photo, rule(size, fit));
        let worst = largest_difference(&got, expected.as_raw());
        assert!(worst <= 1, "{name}: off by {worst}");
    }
}

/// Resizes one dimension of `outer × old × inner` bytes to `new`, in the plainest way; see docs/phone.md.
fn one_pass(source: &[u8], [outer, old, inner]: [usize; 3], new: usize) -> Vec<u8> {
    let scale = old as f64 / new as f64;
    let radius = scale.max(1.0);
    let rows: Vec<(usize, Vec<f64>)> = (0..new)
        .map(|at| {
            let centre = (at as f64 + 0.5) * scale;
            let start = (centre - radius).floor().max(0.0) as usize;
            let end = ((centre + radius).ceil() as usize).min(old);
            let share = |x| (1.0 - ((x as f64 - (centre - 0.5)) * (1.0 / radius)).abs()).max(0.0);
            let shares: Vec<f64> = (start..end).map(share).collect();
            let sum: f64 = shares.iter().sum();
            (start, shares.iter().map(|share| share / sum).collect())
        })
        .collect();
    let largest = rows.iter().flat_map(|(_, row)| row).copied();
    let largest = largest.fold(0.0, f64::max);
    let fits = |bits: &u32| (largest * f64::from(1 << (bits + 1))).round() < 32768.0;
    let bits = (0..21).take_while(fits).count();
    let mut target = vec![0; outer * new * inner];
    for (to, value) in target.iter_mut().enumerate() {
        let (block, at, one) = (to / inner / new, to / inner % new, to % inner);
        let (start, shares) = &rows[at];
        let sum: i64 = shares
            .iter()
            .enumerate()
            .map(|(x, share)| {
                let weight = (share * f64::from(1 << bits)).round() as i64;
                weight * i64::from(source[(block * old + start + x) * inner + one])
            })
            .sum();
        *value = ((sum + (1 << (bits - 1))) >> bits).clamp(0, 255) as u8;
    }
    target
}

#[test]
fn resizing_equals_the_plain_algorithm_of_the_documentation() {
    let photo = rgb(&reference("photo.png"));
    let [width, height] = [photo.width(), photo.height()].map(|side| side as usize);
    for size in [7, 24, 61, 96] {
        let low = one_pass(photo.as_raw(), [1, height, 3 * width], size);
        let expected = one_pass(&low, [size, width, 3], size);
        let got = resize(&photo, rule(size as u32, Fit::Stretch));
        assert_eq!(got, expected, "{size}");
    }
}

#[test]
fn resizing_gives_the_same_bytes_with_and_without_simd() {
    let photo = rgb(&reference("photo.png"));
    for size in [7, 24, 50, 96] {
        let mut plain = fir::Resizer::new();
        // SAFETY: no instructions beyond the basic ones are asked for.
        unsafe { plain.set_cpu_extensions(fir::CpuExtensions::None) };
        let rule = rule(size, Fit::Stretch);
        assert_eq!(resize_by(&mut plain, &photo, rule), resize(&photo, rule));
    }
}

#[test]
fn an_image_of_the_target_size_is_not_changed() {
    let image = rgb(&reference("photo_stretch_24.png"));
    let same = resize(&image, rule(24, Fit::Stretch));
    assert_eq!(&same, image.as_raw());
}

#[test]
fn cropping_keeps_the_central_square_of_wide_and_of_tall_images() {
    let wide = RgbImage::from_fn(30, 10, |x, _| Rgb([(x / 10 * 100) as u8; 3]));
    assert_eq!(resize(&wide, rule(10, Fit::Crop)), [100; 300]);
    let high = RgbImage::from_fn(10, 30, |_, y| Rgb([(y / 10 * 100) as u8; 3]));
    assert_eq!(resize(&high, rule(10, Fit::Crop)), [100; 300]);
}

#[test]
fn greyscale_becomes_three_equal_channels() {
    let grey = ImageBuffer::from_fn(16, 16, |x, _| Luma([(x / 8 * 200) as u8]));
    let grey = DynamicImage::ImageLuma8(grey);
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let image = rgb(&encoded(&grey, format));
        let worst = largest_difference(image.as_raw(), grey.to_rgb8().as_raw());
        assert!(worst <= 2, "{format:?}: off by {worst}");
    }
}

#[test]
fn sixteen_bits_are_rounded_to_eight() {
    let grey = ImageBuffer::from_fn(4, 1, |x, _| {
        Luma([[0, 257 * 128 + 140, 257 * 128, 0xffff][x as usize]])
    });
    let image = rgb(&encoded(&DynamicImage::ImageLuma16(grey), ImageFormat::Png));
    let levels: Vec<u8> = image.pixels().map(|pixel| pixel[0]).collect();
    assert_eq!(levels, [0, 129, 128, 255]);

    let colour = ImageBuffer::from_pixel(2, 2, Rgb([257 * 10, 257 * 20, 257 * 30]));
    let image = rgb(&encoded(
        &DynamicImage::ImageRgb16(colour),
        ImageFormat::Png,
    ));
    assert_eq!(image.get_pixel(1, 1), &Rgb([10, 20, 30]));
}

#[test]
fn cmyk_and_ycck_are_converted_like_pillow_does() {
    let expected = rgb(&reference("cmyk.png"));
    for name in ["cmyk.jpg", "ycck.jpg"] {
        let image = rgb(&reference(name));
        let worst = largest_difference(image.as_raw(), expected.as_raw());
        assert!(worst <= 12, "{name}: off by {worst}");
    }
}

#[test]
fn palettes_are_resolved_and_alpha_is_ignored() {
    assert_eq!(
        rgb(&reference("palette.png")),
        rgb(&reference("palette_rgb.png"))
    );
    let clear = ImageBuffer::from_pixel(3, 3, image::Rgba([10, 20, 30, 0]));
    let image = rgb(&encoded(&DynamicImage::ImageRgba8(clear), ImageFormat::Png));
    assert_eq!(image.get_pixel(0, 0), &Rgb([10, 20, 30]));
}

#[test]
fn exif_orientation_is_applied() {
    let image = red_above_blue();
    let encode_jpeg = |orientation| {
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
        encoder.set_exif_metadata(exif(orientation)).unwrap();
        encoder.encode_image(&image).unwrap();
        bytes
    };
    let encode_png = |orientation| {
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_exif_metadata(exif(orientation)).unwrap();
        encoder
            .write_image(image.as_raw(), 8, 16, ExtendedColorType::Rgb8)
            .unwrap();
        bytes
    };
    // Orientation, size of the result, and a point (x, y) in it that is red.
    for (orientation, size, red) in [
        (1, (8, 16), (4, 2)),
        (3, (8, 16), (4, 13)),
        (6, (16, 8), (13, 4)),
        (8, (16, 8), (2, 4)),
    ] {
        for bytes in [encode_jpeg(orientation), encode_png(orientation)] {
            let turned = rgb(&bytes);
            assert_eq!(turned.dimensions(), size, "orientation {orientation}");
            assert!(turned.get_pixel(red.0, red.1)[0] > 200, "{orientation}");
        }
    }
}

#[test]
fn lossless_webp_tiff_and_bmp_are_read_exactly() {
    let photo = rgb(&reference("photo.png"));
    for format in [ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp] {
        let file = encoded(&DynamicImage::ImageRgb8(photo.clone()), format);
        assert_eq!(rgb(&file), photo, "{format:?}");
    }
}

#[test]
fn truncated_files_are_refused() {
    use ImageFormat::{Bmp, Jpeg, Png, Tiff, WebP};
    let photo = DynamicImage::ImageRgb8(rgb(&reference("photo.png")));
    for format in [Jpeg, Png, WebP, Tiff, Bmp] {
        let whole = encoded(&photo, format);
        for part in [1, 2, 5, 8, 9] {
            let cut = &whole[..whole.len() * part / 10];
            assert!(decode(cut).is_err(), "{format:?} cut to {part}/10");
        }
    }
    assert!(decode(b"").is_err());
    assert!(decode(b"not an image at all").is_err());
}

#[test]
fn a_jpeg_whose_data_are_missing_is_refused_even_if_it_has_an_end() {
    let photo = DynamicImage::ImageRgb8(rgb(&reference("photo.png")));
    let photo = photo.resize_exact(320, 240, image::imageops::FilterType::Triangle);
    let whole = encoded(&photo, ImageFormat::Jpeg);
    let start = whole.len() / 5;
    for length in (start..whole.len() - 8).step_by(31) {
        let cut = [&whole[..length], &[0xff, 0xd9]].concat();
        assert!(decode(&cut).is_err(), "cut to {length} of {}", whole.len());
    }
    assert!(decode(&[0xff, 0xd8, 0xff, 0xd9]).is_err());
    // The film of a motion photo follows the image, with bytes that look like markers.
    let moving = [&whole[..], b"film", &[0xff, 0xda, 0, 0]].concat();
    assert_eq!(rgb(&moving), rgb(&whole));
}

#[test]
fn an_empty_file_is_called_empty() {
    assert_eq!(decode(b"").unwrap_err().to_string(), "the file is empty");
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.jpg");
    std::fs::write(&path, "").unwrap();
    let refusal = super::read::read_image(&path, ResizeRule::square(16)).unwrap_err();
    let error = refusal.error.to_string();
    assert!(error.contains("a.jpg: is empty\n"), "{error}");
}

#[test]
fn images_that_would_take_gigabytes_are_refused_by_their_headers() {
    let mut jpeg = encoded(&DynamicImage::new_rgb8(16, 16), ImageFormat::Jpeg);
    let frame = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    let error = decode(&jpeg).unwrap_err().to_string();
    assert!(error.contains("65535 × 65535 pixels"), "{error}");
    assert!(super::limits::refuse_large(20_000, 10_000, 0).is_ok());
    assert!(super::limits::refuse_large(20_000, 10_001, 0).is_err());
    assert!(super::limits::refuse_large(10, 10, 2 << 30).is_err());
}

fn in_shades_of_grey(image: &RgbImage) -> Vec<u8> {
    let rule = ResizeRule {
        colour: Colour::ShadesOfGrey,
        ..ResizeRule::square(16)
    };
    resize(image, rule)
}

#[test]
fn shades_of_grey_removes_a_tint_and_keeps_grey_images() {
    let lit = |tint: [f64; 3]| {
        RgbImage::from_fn(16, 16, |x, y| {
            let value = 40.0 + f64::from(5 * x + 3 * y);
            Rgb(tint.map(|part| (value * part).round() as u8))
        })
    };
    let grey = lit([1.0, 1.0, 1.0]);
    assert_eq!(&in_shades_of_grey(&grey), grey.as_raw());
    let corrected = in_shades_of_grey(&lit([1.2, 1.0, 0.7]));
    for pixel in corrected.chunks_exact(3) {
        let spread = pixel.iter().max().unwrap() - pixel.iter().min().unwrap();
        assert!(spread <= 2, "{pixel:?}");
    }
}

#[test]
fn shades_of_grey_agrees_with_a_value_computed_by_hand() {
    // Norms 200, 100 and 50 in every pixel: the gains are √((200² + 100² + 50²) / 3) over each.
    let plain = RgbImage::from_pixel(4, 4, Rgb([200, 100, 50]));
    assert!(in_shades_of_grey(&plain).iter().all(|&value| value == 132));
    let black = RgbImage::from_pixel(4, 4, Rgb([0, 100, 50]));
    assert_eq!(in_shades_of_grey(&black)[..3], [0, 100, 50]);
}
