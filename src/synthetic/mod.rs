//! A drawn (synthetic) dataset in HAM10000's form: for demonstrations and tests that may show no real
//! photographs, and for checking that a pipeline learns what there is to learn.
//!
//! Every lesion follows its class's recipe (`recipe.rs`) and is the same in all photographs of it; every photograph has
//! its own view, light and artefacts (`artefacts.rs`), drawn from random numbers that know nothing of the class.

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

use self::lesion::Lesion;
use self::photograph::{Shot, Skin};
use self::random::Purpose;
use self::record::Record;
use crate::files;
use crate::files::AtomicFolder;
use crate::imaging::decode::decode;
use crate::progress::Progress;
use crate::{Diagnosis, Error, Result};

/// The metadata's file name, HAM10000's own; also how a drawn folder is known.
pub const METADATA: &str = "HAM10000_metadata.csv";

/// The two image folders, as HAM10000's archive has them.
pub const IMAGE_FOLDERS: [&str; 2] = ["HAM10000_images_part_1", "HAM10000_images_part_2"];

/// With fewer lesions than this, a class has too few to be split into three parts.
pub const FEWEST_LESIONS: usize = 60;

/// What to draw.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of lesions; there are about 1.35 times as many photographs.
    pub lesions: usize,
    /// Seed of everything: a lesion's looks depend on it and on the lesion's number alone.
    pub seed: u64,
    /// Width of the photographs, in pixels.
    pub width: u32,
    /// Height of the photographs, in pixels.
    pub height: u32,
    /// Whether an earlier drawn folder may be replaced.
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

/// Draws a dataset into the folder `out` (whole or not at all) and returns the path of its metadata.
///
/// Fails if there are too few lesions or pixels for anything to be seen, or if `out` exists and may not be
/// replaced.
pub fn draw(out: &Path, options: &Options, progress: &dyn Progress) -> Result<PathBuf> {
    check(options)?;
    let draft = AtomicFolder::new(out, options.replace, METADATA)?;
    for folder in IMAGE_FOLDERS {
        let folder = draft.path().join(folder);
        fs::create_dir(&folder).map_err(Error::io("create", &folder))?;
    }
    let records = record::records(options.lesions, options.seed);
    progress.start("drawing photographs", records.len() as u64);
    let half = records.len().div_ceil(2);
    records
        .par_iter()
        .enumerate()
        .try_for_each(|(place, record)| {
            let name = format!("{}.jpg", record.sample.image_id);
            let folder = IMAGE_FOLDERS[usize::from(place >= half)];
            let path = draft.path().join(folder).join(name);
            let bytes = photograph(record, options)
                .map_err(|error| Error::io("write", &path)(io::Error::other(error)))?;
            fs::write(&path, bytes).map_err(Error::io("write", &path))?;
            progress.advance(1);
            Ok::<_, Error>(())
        })?;
    progress.finish();
    write_metadata(&draft.path().join(METADATA), &records)?;
    draft.publish()?;
    Ok(out.join(METADATA))
}

fn check(options: &Options) -> Result<()> {
    if options.lesions < FEWEST_LESIONS {
        return Err(Error::input(
            format!("{} lesions", options.lesions),
            "too few to have every class in every part",
            format!("Ask for at least {FEWEST_LESIONS}."),
        ));
    }
    if options.width < 32 || options.height < 32 {
        return Err(Error::input(
            format!("{}×{} pixels", options.width, options.height),
            "too small for a lesion to be seen",
            "Ask for at least 32×32.",
        ));
    }
    Ok(())
}

/// The JPEG file of one photograph.
fn photograph(record: &Record, options: &Options) -> image::ImageResult<Vec<u8>> {
    let numbers = |purpose| random::numbers(options.seed, record.lesion, purpose);
    let lesion = Lesion::new(record.sample.dx, &mut numbers(Purpose::Lesion));
    let skin = Skin::new(&mut numbers(Purpose::Skin));
    shot_of(record, options).take(&lesion, &skin, options.width, options.height)
}

/// One drawn picture of a lesion of a class. The same seed gives the same picture.
pub fn picture(
    dx: Diagnosis,
    seed: u64,
    width: u32,
    height: u32,
) -> image::ImageResult<image::RgbImage> {
    let numbers = |purpose| random::numbers(seed, dx.index() as u64, purpose);
    let lesion = Lesion::new(dx, &mut numbers(Purpose::Lesion));
    let skin = Skin::new(&mut numbers(Purpose::Skin));
    let shot = Shot::new(width, height, &mut numbers(Purpose::Shot(1)));
    decode(&shot.take(&lesion, &skin, width, height)?)
}

/// View, light and artefacts of one photograph.
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
