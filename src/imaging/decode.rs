//! Decoding of JPEG and PNG files.

use std::io::{self, Cursor};

use image::error::DecodingError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Decodes a JPEG or PNG, applies its EXIF orientation and converts it to 8-bit RGB (from greyscale, CMYK, 16-bit or
/// palette). An alpha channel is ignored.
///
/// The error has only the reason: the caller adds the name of the file or upload.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, ImageError> {
    let (mut image, orientation) = match image::guess_format(bytes)? {
        ImageFormat::Jpeg => decode_jpeg(bytes)?,
        other => {
            let mut decoder = ImageReader::with_format(Cursor::new(bytes), other).into_decoder()?;
            let orientation = decoder.orientation()?;
            (DynamicImage::from_decoder(decoder)?, orientation)
        }
    };
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// Decodes a JPEG as `image` does, with the same decoder and options. `image` would copy the file and read its headers
/// three times, a tenth of the time of a photograph of 600×450.
fn decode_jpeg(bytes: &[u8]) -> Result<(DynamicImage, Orientation), ImageError> {
    if !is_complete_jpeg(bytes) {
        let truncated = io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends early");
        return Err(truncated.into());
    }
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().map_err(refused)?;
    let orientation = decoder
        .exif()
        .and_then(|exif| Orientation::from_exif_chunk(exif));
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let image = RgbImage::from_raw(width as u32, height as u32, pixels)
        .ok_or_else(|| refused("its pixels are not RGB"))?;
    Ok((
        image.into(),
        orientation.unwrap_or(Orientation::NoTransforms),
    ))
}

fn refused(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ImageError {
    ImageError::Decoding(DecodingError::new(ImageFormat::Jpeg.into(), reason))
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
