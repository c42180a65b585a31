//! Many photographs → `pixels.bin`: decoded and resized on all cores, written in order.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::preprocess::{self, Fit, ResizeRule};
use crate::progress::Progress;
use crate::{Error, Result, files};

/// So many images are in memory at a time: enough to keep the cores busy, 10 MB at 224 pixels.
const AT_A_TIME: usize = 64;

/// What was packed.
#[derive(Debug)]
pub struct Packed {
    /// SHA-256 of the packed pixels.
    pub pixels_sha256: String,
    /// SHA-256 over the hexadecimal SHA-256 of every source file, in order.
    pub images_sha256: String,
    /// Width divided by height of the images that were made square: the median, 1 without any.
    pub aspect: f64,
    /// Files that could not be used. If there are any, the packed file is not complete.
    pub bad: Vec<BadFile>,
}

/// A file that could not be used.
#[derive(Debug)]
pub struct BadFile {
    /// Its place in the list of files.
    pub index: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Packs `images` into the file `target`. Each is read once; all are tried, so that every bad one is known.
/// The bytes do not depend on the number of threads.
pub fn pack(
    images: &[&Path],
    rule: ResizeRule,
    target: &Path,
    progress: &dyn Progress,
) -> Result<Packed> {
    let mut file = BufWriter::new(File::create(target).map_err(Error::io("create", target))?);
    let (mut of_pixels, mut of_images) = (Sha256::new(), Sha256::new());
    let (mut bad, mut aspects) = (Vec::new(), Vec::new());

    progress.start("Packing images", images.len() as u64);
    for (chunk, paths) in images.chunks(AT_A_TIME).enumerate() {
        let prepared: Vec<Result<Image, String>> =
            paths.par_iter().map(|path| prepare(path, rule)).collect();
        for (offset, image) in prepared.into_iter().enumerate() {
            match image {
                Ok(image) => {
                    of_pixels.update(&image.pixels);
                    of_images.update(image.source_sha256);
                    aspects.push(image.aspect);
                    file.write_all(&image.pixels)
                        .map_err(Error::io("write", target))?;
                }
                Err(reason) => bad.push(BadFile {
                    index: chunk * AT_A_TIME + offset,
                    reason,
                }),
            }
        }
        progress.advance(paths.len() as u64);
    }
    let file = file.into_inner().map_err(|e| e.into_error());
    file.and_then(|file| file.sync_all())
        .map_err(Error::io("write", target))?;
    progress.finish();
    Ok(Packed {
        pixels_sha256: files::hex(&of_pixels.finalize()),
        images_sha256: files::hex(&of_images.finalize()),
        aspect: median(aspects),
        bad,
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(1.0)
}

struct Image {
    pixels: Vec<u8>,
    aspect: f64,
    source_sha256: String,
}

fn prepare(path: &Path, rule: ResizeRule) -> Result<Image, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let image = preprocess::decode(&bytes).map_err(|error| error.to_string())?;
    Ok(Image {
        pixels: preprocess::resize(&image, rule),
        aspect: match rule.fit {
            Fit::Stretch => f64::from(image.width()) / f64::from(image.height()),
            Fit::Crop => 1.0,
        },
        source_sha256: files::sha256(&bytes),
    })
}
