//! Packs photographs into `pixels.bin`: decodes and resizes them on all cores, and writes them in order.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::near_duplicates::fingerprint::Fingerprint;
use crate::imaging::decode::decode;
use crate::imaging::resize::{self, Fit, ResizeRule};
use crate::progress::Progress;
use crate::{Error, Result, files, reading};

/// The number of images in memory at a time: 10 MB at 224 pixels, enough to keep the cores busy.
const BATCH: usize = 64;

/// Packed images. Incomplete if there are bad files.
#[derive(Default)]
pub struct Packed {
    /// SHA-256 of each source file, in hexadecimal.
    sources: Vec<String>,
    /// Width divided by height of each image before it was made square; 1 if it was cropped.
    aspects: Vec<f64>,
    /// The size of each packed image, in bytes.
    size: usize,
    /// The fingerprint of each image, if requested. Images that lack local contrast have none.
    pub fingerprints: Vec<Option<Fingerprint>>,
    /// Files that could not be read or decoded.
    pub bad: Vec<BadFile>,
}

/// A summary of the images that are kept.
pub struct KeptImages {
    /// SHA-256 of the pixels.
    pub pixels_sha256: String,
    /// SHA-256 over the hexadecimal SHA-256 of every source file, in order.
    pub images_sha256: String,
    /// The median of width divided by height; 1 without images.
    pub aspect: f64,
}

/// A file that could not be read or decoded.
#[derive(Debug)]
pub struct BadFile {
    /// Its index in the list of files.
    pub index: usize,
    /// The reason.
    pub reason: String,
    /// Whether the system did not let it be read: the image itself may be sound.
    pub unread: bool,
}

/// Packs `images` into the file `target`, and fingerprints them if `with_fingerprints` is set. Each file is read once.
/// All files are tried, so that every bad one is reported. The bytes do not depend on the number of threads.
pub fn pack(
    images: &[&Path],
    rule: ResizeRule,
    with_fingerprints: bool,
    target: &Path,
    progress: &dyn Progress,
) -> Result<Packed> {
    let mut file = BufWriter::new(File::create(target).map_err(Error::io("create", target))?);
    let mut packed = Packed::default();
    progress.start("Packing images", images.len() as u64);
    let mut prepared = Vec::new();
    for paths in images.chunks(BATCH) {
        // One core writes a batch while the others decode the next.
        let (written, next) = rayon::join(
            || packed.add(prepared, &mut file),
            || prepare_all(paths, rule, with_fingerprints),
        );
        written.map_err(Error::io("write", target))?;
        prepared = next;
        progress.advance(paths.len() as u64);
    }
    packed
        .add(prepared, &mut file)
        .and_then(|()| file.into_inner().map_err(|error| error.into_error()))
        .map_err(Error::io("write", target))?;
    progress.finish();
    Ok(packed)
}

/// Copies the images with the indices `chosen` from a file that [`pack`] wrote to the file `target`, in that order.
pub fn keep(from: &Path, packed: &Packed, chosen: &[usize], target: &Path) -> Result<KeptImages> {
    let mut source = File::open(from).map_err(Error::io("read", from))?;
    let mut file = BufWriter::new(File::create(target).map_err(Error::io("create", target))?);
    let (mut pixels_hash, mut images_hash) = (Sha256::new(), Sha256::new());
    let mut pixels = vec![0; packed.size];
    for &image in chosen {
        source
            .seek(SeekFrom::Start((image * packed.size) as u64))
            .and_then(|_| source.read_exact(&mut pixels))
            .map_err(Error::io("read", from))?;
        pixels_hash.update(&pixels);
        images_hash.update(&packed.sources[image]);
        file.write_all(&pixels)
            .map_err(Error::io("write", target))?;
    }
    let file = file.into_inner().map_err(|e| e.into_error());
    file.and_then(|file| file.sync_all())
        .map_err(Error::io("write", target))?;
    Ok(KeptImages {
        pixels_sha256: files::hex(&pixels_hash.finalize()),
        images_sha256: files::hex(&images_hash.finalize()),
        aspect: median(chosen.iter().map(|&image| packed.aspects[image]).collect()),
    })
}

impl Packed {
    /// Writes the next images to `file`, in order.
    fn add(&mut self, images: Vec<Result<Image, Bad>>, file: &mut impl Write) -> io::Result<()> {
        for image in images {
            match image {
                Ok(image) => {
                    file.write_all(&image.pixels)?;
                    self.sources.push(image.source_sha256);
                    self.aspects.push(image.aspect);
                    self.fingerprints.push(image.fingerprint);
                    self.size = image.pixels.len();
                }
                Err(Bad { reason, unread }) => self.bad.push(BadFile {
                    index: self.sources.len() + self.bad.len(),
                    reason,
                    unread,
                }),
            }
        }
        Ok(())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(1.0)
}

struct Image {
    pixels: Vec<u8>,
    aspect: f64,
    source_sha256: String,
    fingerprint: Option<Fingerprint>,
}

/// Why a file was not prepared, as in [`BadFile`].
struct Bad {
    reason: String,
    unread: bool,
}

/// Prepares files on all cores. The results are in the order of `paths`.
fn prepare_all(
    paths: &[&Path],
    rule: ResizeRule,
    with_fingerprints: bool,
) -> Vec<Result<Image, Bad>> {
    (paths.par_iter())
        // One photograph at a time, so that no core waits for another's share at the end of a batch.
        .with_max_len(1)
        .map(|path| prepare(path, rule, with_fingerprints))
        .collect()
}

fn prepare(path: &Path, rule: ResizeRule, with_fingerprint: bool) -> Result<Image, Bad> {
    let bytes = reading::read(path, reading::MAX_PHOTOGRAPH).map_err(|error| Bad {
        reason: error.problem(),
        unread: matches!(error, Error::Io { .. }),
    })?;
    let image = decode(&bytes).map_err(|error| Bad {
        reason: error.to_string(),
        unread: false,
    })?;
    Ok(Image {
        pixels: resize::resize(&image, rule),
        aspect: match rule.fit {
            Fit::Stretch => f64::from(image.width()) / f64::from(image.height()),
            Fit::Crop => 1.0,
        },
        source_sha256: files::sha256(&bytes),
        fingerprint: with_fingerprint.then(|| Fingerprint::new(&image)).flatten(),
    })
}
