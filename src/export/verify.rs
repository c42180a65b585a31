//! Runs each exported file again, in the engine that its users would take, and compares it with the checkpoint.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use tch::Device;

use super::Format;
use crate::classifier::{self, Classifier, Probabilities, ranked};
use crate::dataset::{Dataset, Part};
use crate::evaluation;
use crate::model::checkpoint::About;
use crate::preprocess::ResizeRule;
use crate::progress::Progress;
use crate::{Error, Result};

/// Largest difference of a probability that may stem from another order of additions.
pub const TOLERANCE: f64 = 1e-4;

/// Images in a batch, where more than one is given at once.
const BATCH: usize = 32;

/// So many images are also given one by one, and timed.
const SINGLE: usize = 8;

/// Images to compare on.
pub struct Images {
    /// Prepared, each as [`crate::preprocess::resize`] returns it.
    pub pixels: Vec<Vec<u8>>,
    /// What they are, in the plural.
    pub of: &'static str,
}

/// How a file compares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// On how many images.
    pub images: usize,
    /// What kind of images.
    pub of: String,
    /// Largest difference of any probability.
    pub max_difference: f64,
    /// Images whose likeliest class is the same.
    pub same_top1: usize,
    /// Time for one image given by itself, on the CPU of the machine that exported, in milliseconds.
    pub milliseconds: f64,
}

impl Images {
    /// Up to `limit` images of a dataset's validation part (in the checkpoint's fold), evenly spread over it; all
    /// if `limit` is 0.
    pub fn validation(folder: &Path, about: &About, limit: usize) -> Result<Self> {
        let dataset = evaluation::as_trained(Dataset::open(folder)?, Some(about))?;
        let rule = about.resize;
        if dataset.info.resize != rule {
            return Err(Error::file(
                folder,
                format!(
                    "its images were prepared with {}, but the network takes {}",
                    dataset.info.resize.flags(),
                    rule.flags()
                ),
                "Name the dataset that the checkpoint was trained with.",
            ));
        }
        let rows = dataset.part(Part::Val);
        if rows.is_empty() {
            return Err(Error::file(
                folder,
                "its validation part is empty",
                "Name a dataset with a validation part, such as the one that the checkpoint was trained with.",
            ));
        }
        let count = if limit == 0 {
            rows.len()
        } else {
            limit.min(rows.len())
        };
        let pixels = (0..count)
            .map(|i| dataset.pixels.image(rows[i * rows.len() / count]).to_vec())
            .collect();
        let of = "validation images";
        Ok(Self { pixels, of })
    }

    /// Noise, for want of photographs: a coarse grid of random colours, blended, with fine noise on top.
    /// The same on every machine.
    pub fn noise(rule: ResizeRule, count: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(crate::DEFAULT_SEED);
        let pixels = (0..count)
            .map(|_| noise(&mut rng, rule.size as usize))
            .collect();
        let of = "noise images";
        Self { pixels, of }
    }
}

/// A square of `size` pixels.
fn noise(rng: &mut ChaCha8Rng, size: usize) -> Vec<u8> {
    const CELLS: usize = 5;
    let corners: Vec<f32> = (0..(CELLS + 1) * (CELLS + 1) * 3)
        .map(|_| rng.random_range(0.0..=255.0))
        .collect();
    let mut pixels = Vec::with_capacity(size * size * 3);
    for y in 0..size {
        for x in 0..size {
            let [row, column] = [y, x].map(|at| (at * CELLS) as f32 / size as f32);
            let (top, left) = (row as usize, column as usize);
            let (down, right) = (row.fract(), column.fract());
            for colour in 0..3 {
                let corner = |r: usize, c: usize| corners[(r * (CELLS + 1) + c) * 3 + colour];
                let above = corner(top, left) * (1.0 - right) + corner(top, left + 1) * right;
                let below =
                    corner(top + 1, left) * (1.0 - right) + corner(top + 1, left + 1) * right;
                let grain: f32 = rng.random_range(-20.0..=20.0);
                pixels.push((above * (1.0 - down) + below * down + grain) as u8); // saturates
            }
        }
    }
    pixels
}

/// The probabilities that every file must give.
pub fn reference(
    checkpoint: &dyn Classifier,
    images: &Images,
    progress: &dyn Progress,
) -> Result<Vec<Probabilities>> {
    progress.start("Running the checkpoint", images.pixels.len() as u64);
    in_batches(checkpoint, &images.pixels, BATCH, progress)
}

/// Runs a written file, one image at a time and in batches, and compares: probabilities within
/// [`TOLERANCE`], the same likeliest class everywhere. The first difference beyond that is the error.
pub fn check(
    format: Format,
    path: &Path,
    images: &Images,
    reference: &[Probabilities],
    progress: &dyn Progress,
) -> Result<Check> {
    let classifier = classifier::open(path, Device::Cpu)?;
    let singles = &images.pixels[..SINGLE.min(images.pixels.len())];
    progress.start(
        &format!("Running {}", format.file_name()),
        (2 * singles.len() + images.pixels.len()) as u64,
    );
    in_batches(&*classifier, singles, 1, progress)?; // engines optimise themselves on the first runs
    let began = Instant::now();
    let one_by_one = in_batches(&*classifier, singles, 1, progress)?;
    let milliseconds = began.elapsed().as_secs_f64() * 1e3 / singles.len().max(1) as f64;
    let together = in_batches(&*classifier, &images.pixels, BATCH, progress)?;
    progress.finish();
    let refuse = |problem: String| Error::Disagreement {
        path: PathBuf::from(format.file_name()),
        problem,
    };
    let single = compare(&reference[..singles.len()], &one_by_one)
        .map_err(|problem| refuse(format!("{problem}, given one by one")))?;
    let batch = compare(reference, &together)
        .map_err(|problem| refuse(format!("{problem}, given {BATCH} at once")))?;
    Ok(Check {
        images: images.pixels.len(),
        of: images.of.to_owned(),
        max_difference: single.max(batch),
        same_top1: images.pixels.len(),
        milliseconds,
    })
}

fn in_batches(
    classifier: &dyn Classifier,
    images: &[Vec<u8>],
    size: usize,
    progress: &dyn Progress,
) -> Result<Vec<Probabilities>> {
    let mut all = Vec::with_capacity(images.len());
    for batch in images.chunks(size) {
        let batch: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
        all.extend(classifier.probabilities(&batch)?);
        progress.advance(batch.len() as u64);
    }
    Ok(all)
}

/// The largest difference, or how they disagree.
fn compare(expected: &[Probabilities], found: &[Probabilities]) -> Result<f64, String> {
    if expected.len() != found.len() {
        return Err(format!(
            "{} answers for {} images",
            found.len(),
            expected.len()
        ));
    }
    let mut largest: f64 = 0.0;
    for (image, (expected, found)) in expected.iter().zip(found).enumerate() {
        let difference =
            expected
                .iter()
                .zip(found)
                .map(|(e, f)| (e - f).abs())
                .fold(
                    0.0,
                    |a, b| if b.is_nan() { f64::INFINITY } else { a.max(b) },
                );
        if difference > TOLERANCE {
            return Err(format!(
                "a probability of image {image} differs by {difference:.1e}, where {TOLERANCE:.0e} is allowed"
            ));
        }
        if ranked(expected)[0].0 != ranked(found)[0].0 {
            return Err(format!("the likeliest class of image {image} is another"));
        }
        largest = largest.max(difference);
    }
    Ok(largest)
}
