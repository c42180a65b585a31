//! A synthetic dataset in HAM10000's format, drawn by program: for demonstrations and tests without real photographs,
//! and for checking that a training pipeline learns.
//!
//! A lesion follows the recipe of its class (`recipe.rs`) and is the same in all of its photographs. A photograph has
//! its own view, illumination and artefacts (`imaging/artefacts.rs`), whose random numbers do not depend on the class.

mod diagnosis;
mod lesion;
mod marks;
mod outline;
mod photograph;
mod random;
mod recipe;
mod record;
mod tissue;
mod view;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use self::diagnosis::Diagnosis;

use self::lesion::Lesion;
use self::photograph::{Shot, Skin};
use self::random::Purpose;
use self::record::Record;
use crate::files::{self, AtomicFolder, FolderFiles};
use crate::imaging::decode::decode;
use crate::progress::Progress;
use crate::{Error, Result};

/// File name of the metadata, as in HAM10000. Its presence marks a drawn folder.
pub const METADATA: &str = "HAM10000_metadata.csv";

/// The two image folders, as in HAM10000's archive.
pub const IMAGE_FOLDERS: [&str; 2] = ["HAM10000_images_part_1", "HAM10000_images_part_2"];

/// The files of a drawn folder.
const FILES: FolderFiles = FolderFiles {
    marker: METADATA,
    names: &[
        METADATA,
        "HAM10000_images_part_1/*.jpg",
        "HAM10000_images_part_2/*.jpg",
    ],
};

/// The smallest number of lesions. With fewer, some class could not be divided into train, val and test.
pub const FEWEST_LESIONS: usize = 60;

/// Options of a drawn dataset.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of lesions. The number of photographs is about 1.35 times as large.
    pub lesions: usize,
    /// Random seed. The appearance of a lesion depends on the seed and the lesion's number alone.
    pub seed: u64,
    /// Width of the photographs, in pixels.
    pub width: u32,
    /// Height of the photographs, in pixels.
    pub height: u32,
    /// Whether an existing drawn folder may be replaced.
    pub replace: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lesions: 700,
            seed: crate::DEFAULT_SEED,
            width: 600,
            height: 450,
            replace: false,
        }
    }
}

/// Draws a dataset into the folder `out` atomically, and returns the path of its metadata.
///
/// # Errors
/// Fails if there are too few lesions or pixels, or if `out` exists and must not be replaced.
pub fn draw(out: &Path, options: &Options, progress: &dyn Progress) -> Result<PathBuf> {
    validate(options)?;
    let folder = AtomicFolder::new(out, options.replace, &FILES)?;
    for images in IMAGE_FOLDERS {
        let images = folder.path().join(images);
        fs::create_dir(&images).map_err(Error::io("create", &images))?;
    }
    let records = record::records(options.lesions, options.seed);
    progress.start("drawing photographs", records.len() as u64);
    let half = records.len().div_ceil(2);
    records
        .par_iter()
        .enumerate()
        .try_for_each(|(index, record)| {
            let name = format!("{}.jpg", record.sample.image_id);
            let images = IMAGE_FOLDERS[usize::from(index >= half)];
            let path = folder.path().join(images).join(name);
            let bytes = photograph(record, options)
                .map_err(|error| Error::io("write", &path)(io::Error::other(error)))?;
            fs::write(&path, bytes).map_err(Error::io("write", &path))?;
            progress.advance(1);
            Ok::<_, Error>(())
        })?;
    progress.finish();
    write_metadata(&folder.path().join(METADATA), &records)?;
    folder.publish()?;
    Ok(out.join(METADATA))
}

fn validate(options: &Options) -> Result<()> {
    if options.lesions < FEWEST_LESIONS {
        return Err(Error::input(
            format!("{} lesions", options.lesions),
            "too few for every class to be in every split",
            format!("Request at least {FEWEST_LESIONS}."),
        ));
    }
    if options.width < 32 || options.height < 32 {
        return Err(Error::input(
            format!("{}×{} pixels", options.width, options.height),
            "too small for a lesion to be visible",
            "Request at least 32×32 pixels.",
        ));
    }
    Ok(())
}

/// The JPEG file of one photograph.
fn photograph(record: &Record, options: &Options) -> image::ImageResult<Vec<u8>> {
    let numbers = |purpose| random::numbers(options.seed, record.lesion, purpose);
    let lesion = Lesion::new(record.diagnosis, &mut numbers(Purpose::Lesion));
    let skin = Skin::new(&mut numbers(Purpose::Skin));
    shot_of(record, options).render(&lesion, &skin, options.width, options.height)
}

/// One drawn picture of a lesion of a class, determined by the seed.
pub fn picture(
    diagnosis: Diagnosis,
    seed: u64,
    width: u32,
    height: u32,
) -> image::ImageResult<image::RgbImage> {
    let numbers = |purpose| random::numbers(seed, diagnosis as u64, purpose);
    let lesion = Lesion::new(diagnosis, &mut numbers(Purpose::Lesion));
    let skin = Skin::new(&mut numbers(Purpose::Skin));
    let shot = Shot::new(width, height, &mut numbers(Purpose::Shot(1)));
    decode(&shot.render(&lesion, &skin, width, height)?)
}

/// View, illumination and artefacts of one photograph.
fn shot_of(record: &Record, options: &Options) -> Shot {
    let purpose = Purpose::Shot(record.shot);
    let mut numbers = random::numbers(options.seed, record.lesion, purpose);
    Shot::new(options.width, options.height, &mut numbers)
}

fn write_metadata(path: &Path, records: &[Record]) -> Result<()> {
    let failed = |error: csv::Error| Error::io("write", path)(io::Error::other(error));
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record([
            "lesion_id",
            "image_id",
            "dx",
            "dx_type",
            "age",
            "sex",
            "localization",
            "dataset",
        ])
        .map_err(failed)?;
    for Record { sample, .. } in records {
        table
            .write_record([
                &sample.lesion_id,
                &sample.image_id,
                sample.dx.code(),
                &sample.dx_type,
                &sample.age,
                &sample.sex,
                &sample.localization,
                &sample.source,
            ])
            .map_err(failed)?;
    }
    let bytes = table
        .into_inner()
        .map_err(|error| Error::io("write", path)(error.into_error()))?;
    files::write_atomically(path, &bytes)
}

#[cfg(test)]
mod tests;
