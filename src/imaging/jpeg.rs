//! Decoding of JPEG files. Decoders usually fill what is missing with grey and report no error; this one refuses it.

use std::io;

use image::error::{DecodingError, ImageFormatHint};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageError, ImageFormat, RgbImage};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::limits::refuse_large;

/// The largest number of scans that is decoded.
const MAX_SCANS: usize = 100;

/// Bits that are no Huffman code, behind the last scan. A decoder that still wants data when it gets there reports
/// them, where the end-of-image marker alone would make it guess the rest. A complete image leaves them unread.
const NO_CODE: [u8; 32] = {
    let mut ones = [0xff; 32];
    let mut at = 1;
    while at < ones.len() {
        ones[at] = 0; // 0xff within a scan is followed by a zero
        at += 2;
    }
    ones
};

/// Decodes a JPEG and turns it by its EXIF orientation. What follows its end-of-image marker, as the film of a motion
/// photo, is ignored.
pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, ImageError> {
    let Some(found) = Structure::of(bytes) else {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends early").into());
    };
    if found.scans > MAX_SCANS {
        let problem = format!("{} scans are more than any photograph has", found.scans);
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem).into());
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let bytes = [&bytes[..found.end], &NO_CODE, &[0xff, END_OF_IMAGE]].concat();
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
    let failed = |error| {
        let hint = ImageFormatHint::Exact(ImageFormat::Jpeg);
        ImageError::Decoding(DecodingError::new(hint, error))
    };
    decoder.decode_headers().map_err(failed)?;
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "its header has no size");
    let info = decoder.info().ok_or_else(invalid)?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    if width == 0 || height == 0 {
        return Err(invalid().into());
    }
    // A progressive image is held as coefficients of 16 bits as well.
    let per_pixel = if found.is_progressive { 9 } else { 3 };
    refuse_large(
        width,
        height,
        u64::from(width) * u64::from(height) * per_pixel,
    )?;
    let orientation = decoder
        .exif()
        .and_then(|exif| Orientation::from_exif_chunk(exif));
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let colours = if is_grey {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let pixels = decoder.decode().map_err(failed)?;
    let image = match is_grey {
        true => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        false => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    let mut image = image.ok_or_else(invalid)?;
    image.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    Ok(image.into_rgb8())
}

/// What the markers of a complete file tell.
struct Structure {
    /// Whether the image is refined over several scans.
    is_progressive: bool,
    /// The number of scans. Photographs have at most some twenty; each is a pass over the whole image.
    scans: usize,
    /// The position of the end-of-image marker.
    end: usize,
}

const END_OF_IMAGE: u8 = 0xd9;

impl Structure {
    /// Walks over the markers to that of the end of the image; `None` if there is none, or no scan before it. Segments
    /// are skipped by their length: a thumbnail within one has markers of its own.
    fn of(bytes: &[u8]) -> Option<Self> {
        const START_OF_SCAN: u8 = 0xda;
        let (mut is_progressive, mut scans) = (false, 0);
        let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
        loop {
            let at = rest.iter().position(|&byte| byte == 0xff)?;
            rest = &rest[at + 1..];
            match rest.first()? {
                &END_OF_IMAGE => {
                    return (scans > 0).then_some(Self {
                        is_progressive,
                        scans,
                        end: bytes.len() - rest.len() - 1,
                    });
                }
                // A stuffed zero or a restart within a scan, a marker without a segment, or a byte of filling.
                0x00 | 0x01 | 0xd0..=0xd8 | 0xff => {}
                &marker => {
                    is_progressive |= matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
                    scans += usize::from(marker == START_OF_SCAN);
                    let length = u16::from_be_bytes([*rest.get(1)?, *rest.get(2)?]);
                    rest = rest.get(1 + usize::from(length)..)?;
                }
            }
        }
    }
}
