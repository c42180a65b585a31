//! Images for verification and calibration of exported files.

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::dataset::spaced::evenly_spaced;
use crate::dataset::{Dataset, Split};
use crate::evaluation::{self, leakage, scoring};
use crate::imaging::resize::ResizeRule;
use crate::metrics::Predictions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::{ClassList, Error, Result};

/// Images on which exported files are compared with the checkpoint.
pub struct Images {
    /// The preprocessed images, each as returned by [`crate::imaging::resize::resize`].
    pub pixels: Vec<Vec<u8>>,
    /// The kind of images, in the plural.
    pub of: &'static str,
    /// The labels, without probabilities; empty for noise.
    pub truths: Predictions,
    /// Whether they are the whole validation split, so that decision thresholds can be selected on them.
    pub whole: bool,
}

impl Images {
    /// Up to `limit` evenly spaced images of a dataset's validation split (in the checkpoint's fold); all if `limit`
    /// is 0. Returns an error for lesions that the checkpoint was trained on.
    pub fn validation(folder: &Path, metadata: &CheckpointMetadata, limit: usize) -> Result<Self> {
        let dataset = open(folder, metadata)?;
        leakage::refuse_seen_lesions(metadata, &dataset, Split::Val)?;
        let rows = spaced_rows(&dataset, Split::Val, limit)?;
        let mut truths = Predictions::new(dataset.info.classes);
        for &row in &rows {
            scoring::push_label(&mut truths, &dataset, row);
        }
        Ok(Self {
            pixels: dataset.pixels.images(&rows)?,
            of: "validation images",
            truths,
            whole: rows.len() == dataset.split_rows(Split::Val).len(),
        })
    }

    /// As [`Images::validation`]; for a checkpoint that was trained on all folds of the dataset, training images
    /// without labels, at most [`COMPARED_TRAINING_IMAGES`]: files can be compared with the checkpoint on them, but not
    /// scored.
    pub fn of_dataset(folder: &Path, metadata: &CheckpointMetadata, limit: usize) -> Result<Self> {
        let dataset = open(folder, metadata)?;
        if !leakage::trained_on_all_folds(&dataset, metadata) {
            return Self::validation(folder, metadata, limit);
        }
        let most = COMPARED_TRAINING_IMAGES;
        let limit = if limit == 0 { most } else { limit.min(most) };
        Ok(Self {
            pixels: (dataset.pixels).images(&spaced_rows(&dataset, Split::Train, limit)?)?,
            of: "training images",
            truths: Predictions::new(dataset.info.classes),
            whole: false,
        })
    }

    /// Noise images, for use without a dataset: a coarse, interpolated grid of random colours plus fine noise.
    /// Identical on every machine.
    pub fn noise(classes: ClassList, rule: ResizeRule, count: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(crate::DEFAULT_SEED);
        let pixels = (0..count)
            .map(|_| noise(&mut rng, rule.size as usize))
            .collect();
        Self {
            pixels,
            of: "noise images",
            truths: Predictions::new(classes),
            whole: false,
        }
    }
}

/// The number of training images that a network of all folds is compared on.
const COMPARED_TRAINING_IMAGES: usize = 500;

/// Up to `limit` evenly spaced, preprocessed images of a dataset's training split (in the checkpoint's fold).
pub fn training(
    folder: &Path,
    metadata: &CheckpointMetadata,
    limit: usize,
) -> Result<Vec<Vec<u8>>> {
    let dataset = open(folder, metadata)?;
    let rows = spaced_rows(&dataset, Split::Train, limit)?;
    dataset.pixels.images(&rows)
}

fn open(folder: &Path, metadata: &CheckpointMetadata) -> Result<Dataset> {
    let dataset = evaluation::as_trained(Dataset::open(folder)?, Some(metadata))?;
    dataset.refuse_other_resize(metadata.resize, "the network")?;
    Ok(dataset)
}

/// Up to `limit` evenly spaced rows of a split; all if `limit` is 0.
fn spaced_rows(dataset: &Dataset, split: Split, limit: usize) -> Result<Vec<usize>> {
    let rows = dataset.split_rows(split);
    if rows.is_empty() {
        return Err(Error::file(
            &dataset.path,
            format!("its {split} split is empty"),
            format!(
                "Pass a dataset with images in its {split} split, such as the checkpoint's training dataset."
            ),
        ));
    }
    let most = if limit == 0 { rows.len() } else { limit };
    Ok(evenly_spaced(&rows, most))
}

/// A noise image of `size` × `size` pixels.
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
