//! Decoding of image files.

use std::io::{self, Cursor};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

/// Decodes a JPEG, PNG, WebP, TIFF or BMP, applies its EXIF orientation and converts it to 8-bit RGB (from greyscale,
/// CMYK, 16-bit or palette). An alpha channel is ignored. Of several pages or frames, the first is taken.
///
/// The error has only the reason: the caller adds the name of the file or upload.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, image::ImageError> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    if reader.format() == Some(ImageFormat::Jpeg) && !is_complete_jpeg(bytes) {
        let truncated = io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends early");
        return Err(truncated.into());
    }
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// Whether the last scan of a JPEG is followed by the end-of-image marker. The decoder fills missing data with grey and
/// reports no error. (Within a scan, 0xff is never followed by the second byte of either marker.)
fn is_complete_jpeg(bytes: &[u8]) -> bool {
    const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    let last = bytes
        .windows(2)
        .rfind(|pair| *pair == START_OF_SCAN || *pair == END_OF_IMAGE);
    last == Some(&END_OF_IMAGE)
}
