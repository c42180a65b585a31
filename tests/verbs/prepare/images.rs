//! Pixels: the right image in the right place, whatever kind of file it came from.

use std::fs;
use std::path::Path;

use image::{DynamicImage, ImageBuffer, Luma, Rgb, RgbImage};
use skinlesion::dataset::Dataset;

use super::desk::{Desk, HEADER};
use crate::common::stderr;

#[test]
fn pixels_stand_in_the_order_of_the_manifest() {
    let desk = Desk::new();
    let data = desk.prepare("");
    for (index, row) in data.rows.iter().enumerate() {
        let name = format!("{}.PNG", row.sample.image_id);
        let file = ["images", "images/part_2"].map(|folder| desk.path(folder).join(&name));
        let file = file.iter().find(|file| file.exists()).unwrap();
        let colour = image::open(file).unwrap().to_rgb8().get_pixel(0, 0).0;
        assert_eq!(data.pixels.image(index).unwrap()[..3], colour, "{name}");
        assert_eq!(data.pixels.image(index).unwrap().len(), 32 * 32 * 3);
    }
}

#[test]
fn greyscale_cmyk_sixteen_bit_and_turned_files_come_out_right() {
    let desk = Desk::new();
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/images");
    let images = desk.path("odd");
    fs::create_dir(&images).unwrap();
    fs::copy(reference.join("cmyk.jpg"), images.join("a.JPG")).unwrap();
    let grey = ImageBuffer::from_pixel(40, 30, Luma([77u8]));
    DynamicImage::ImageLuma8(grey)
        .save(images.join("b.jpeg"))
        .unwrap();
    let deep = ImageBuffer::from_pixel(40, 30, Rgb([257 * 9u16, 257 * 99, 257 * 199]));
    DynamicImage::ImageRgb16(deep)
        .save(images.join("c.png"))
        .unwrap();
    fs::write(images.join("d.jpg"), turned_jpeg()).unwrap();
    let rows: Vec<String> = ["a", "b", "c", "d"]
        .map(|id| format!("L{id},{id},nv,,,,,"))
        .to_vec();
    desk.write(HEADER, &rows);
    let output = desk.run_into("out", "--as test --images odd");
    assert!(output.status.success(), "{}", stderr(&output));
    let data = Dataset::open(&desk.path("out")).unwrap();
    let near = |image: usize, x: usize, y: usize, colour: [u8; 3]| {
        let at = (y * 32 + x) * 3;
        let got = &data.pixels.image(image).unwrap()[at..at + 3];
        let off = got
            .iter()
            .zip(colour)
            .map(|(a, b)| a.abs_diff(b))
            .max()
            .unwrap();
        assert!(off <= 8, "image {image}: {got:?} is not {colour:?}");
    };
    let squares = image::open(reference.join("cmyk.png")).unwrap().to_rgb8();
    for (x, y) in [(5, 5), (26, 5), (5, 26), (26, 26)] {
        near(0, x, y, squares.get_pixel(x as u32, y as u32).0);
    }
    near(1, 16, 16, [77, 77, 77]);
    near(2, 16, 16, [9, 99, 199]);
    // Stored with red above; to be shown turned by a quarter to the right, which brings it to the right.
    near(3, 28, 16, [230, 0, 0]);
    near(3, 3, 16, [0, 0, 230]);
}

/// A JPEG, red above blue, with EXIF orientation 6.
fn turned_jpeg() -> Vec<u8> {
    use image::ImageEncoder;
    let image = RgbImage::from_fn(32, 32, |_, y| {
        Rgb(if y < 16 { [230, 0, 0] } else { [0, 0, 230] })
    });
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder.encode_image(&image).unwrap();
    bytes
}
