//! Images that exported files are run on.

use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::dataset::{Dataset, Split};
use crate::evaluation;
use crate::evaluation::leakage;
use crate::imaging::resize::ResizeRule;
use crate::metrics::Predictions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::{Error, Result};

/// Images to compare files on.
pub struct Images {
    /// Prepared, each as [`crate::imaging::resize::resize`] returns it.
    pub pixels: Vec<Vec<u8>>,
    /// What they are, in the plural.
    pub of: &'static str,
    /// What they show, without answers; empty for noise.
    pub truths: Predictions,
    /// Whether they are all there are of the validation part, so that thresholds can be chosen on them.
    pub whole: bool,
}

impl Images {
    /// Up to `limit` images of a dataset's validation part (in the checkpoint's fold), evenly spread over it; all
    /// if `limit` is 0. Refuses lesions that the checkpoint has learnt from.
    pub fn validation(folder: &Path, metadata: &CheckpointMetadata, limit: usize) -> Result<Self> {
        let dataset = open(folder, metadata)?;
        leakage::refuse_seen_lesions(metadata, &dataset, Split::Val)?;
        let rows = spread(&dataset, Split::Val, limit)?;
        let mut truths = Predictions::default();
        for &row in &rows {
            let sample = &dataset.rows[row].sample;
            truths.image_ids.push(sample.image_id.clone());
            truths.lesion_ids.push(sample.lesion_id.clone());
            truths.truths.push(sample.dx);
        }
        Ok(Self {
            pixels: pixels(&dataset, &rows),
            of: "validation images",
            truths,
            whole: rows.len() == dataset.split_rows(Split::Val).len(),
        })
    }

    /// Noise, for want of photographs: a coarse grid of random colours, blended, with fine noise on top.
    /// The same on every machine.
    pub fn noise(rule: ResizeRule, count: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(crate::DEFAULT_SEED);
        let pixels = (0..count)
            .map(|_| noise(&mut rng, rule.size as usize))
            .collect();
        Self {
            pixels,
            of: "noise images",
            truths: Predictions::default(),
            whole: false,
        }
    }
}

/// Up to `limit` prepared images of a dataset's training part (in the checkpoint's fold), evenly spread over it.
pub fn training(
    folder: &Path,
    metadata: &CheckpointMetadata,
    limit: usize,
) -> Result<Vec<Vec<u8>>> {
    let dataset = open(folder, metadata)?;
    let rows = spread(&dataset, Split::Train, limit)?;
    Ok(pixels(&dataset, &rows))
}

fn open(folder: &Path, metadata: &CheckpointMetadata) -> Result<Dataset> {
    let dataset = evaluation::as_trained(Dataset::open(folder)?, Some(metadata))?;
    dataset.refuse_other_resize(metadata.resize, "the network")?;
    Ok(dataset)
}

/// Rows of a part, evenly spread over it.
fn spread(dataset: &Dataset, part: Split, limit: usize) -> Result<Vec<usize>> {
    let rows = dataset.split_rows(part);
    if rows.is_empty() {
        return Err(Error::file(
            &dataset.path,
            format!("its {part} part is empty"),
            format!(
                "Name a dataset with images in its {part} part, such as the one that the checkpoint was trained with."
            ),
        ));
    }
    let count = if limit == 0 {
        rows.len()
    } else {
        limit.min(rows.len())
    };
    Ok((0..count).map(|i| rows[i * rows.len() / count]).collect())
}

fn pixels(dataset: &Dataset, rows: &[usize]) -> Vec<Vec<u8>> {
    let image = |&row: &usize| dataset.pixels.image(row).to_vec();
    rows.iter().map(image).collect()
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
