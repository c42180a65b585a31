//! Decoding of image files.

use std::io::{self, Cursor};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use super::jpeg;
use super::limits::{MAX_BYTES, refuse_large};

/// Decodes a JPEG, PNG, WebP, TIFF or BMP, applies its EXIF orientation and converts it to 8-bit RGB (from greyscale,
/// CMYK, 16-bit or palette). An alpha channel is ignored. Of several pages or frames, the first is taken. A damaged
/// file is refused, never guessed.
///
/// The error has only the reason: the caller adds the name of the file or upload.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, ImageError> {
    if bytes.is_empty() {
        let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the file is empty");
        return Err(ImageError::IoError(error));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    if reader.format() == Some(ImageFormat::Jpeg) {
        return jpeg::decode(bytes);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    // The decoded image, and its copy in 8-bit RGB.
    refuse_large(width, height, decoder.total_bytes() + 3 * pixels)?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}
