//! The bytes of a JPEG or PNG file as pixels.

use std::io::{self, Cursor};

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

/// Decodes a JPEG or PNG, turns it as its EXIF orientation says and brings it to 8-bit RGB,
/// whatever it was (greyscale, CMYK, 16-bit, palette). An alpha channel is ignored.
///
/// The error is the bare reason, as the caller knows best which file or upload it was.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, image::ImageError> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    if reader.format() == Some(ImageFormat::Jpeg) && !is_whole_jpeg(bytes) {
        let early = io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends early");
        return Err(early.into());
    }
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// Whether the last scan of a JPEG is followed by the end marker. The decoder would fill what is missing
/// with grey and say nothing. (Within a scan, 0xff is never followed by either of the two marker bytes.)
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    let last = bytes
        .windows(2)
        .rfind(|pair| *pair == START_OF_SCAN || *pair == END_OF_IMAGE);
    last == Some(&END_OF_IMAGE)
}
