//! The search for near-duplicates.

use image::RgbImage;
use rayon::prelude::*;

use super::fingerprint::{Fingerprint, Similarity};
use crate::Result;
use crate::dataset::folder::Dataset;
use crate::dataset::sample::Sample;
use crate::progress::Progress;

/// A pair of near-duplicates, by their indices in the searched lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The index of the first image.
    pub first: usize,
    /// The index of the second image.
    pub second: usize,
    /// Their similarity.
    pub similarity: Similarity,
}

/// The pairs among images of different lesions, most similar first. `fingerprints[i]` belongs to `samples[i]`.
pub fn among(
    samples: &[Sample],
    fingerprints: &[Option<Fingerprint>],
    progress: &dyn Progress,
) -> Vec<Pair> {
    pairs(fingerprints, fingerprints, progress, |first, second| {
        first < second && samples[first].lesion_id != samples[second].lesion_id
    })
}

/// The pairs between rows of two datasets, most similar first. `first` and `second` of a [`Pair`] are indices into
/// `rows` and `other_rows`. Two images with the same id are not compared.
pub fn between(
    (dataset, rows): (&Dataset, &[usize]),
    (other, other_rows): (&Dataset, &[usize]),
    progress: &dyn Progress,
) -> Result<Vec<Pair>> {
    let own_fingerprints = fingerprints(dataset, rows)?;
    let other_fingerprints = fingerprints(other, other_rows)?;
    let id = |dataset: &Dataset, row: usize| dataset.rows[row].sample.image_id.clone();
    let ids: Vec<String> = rows.iter().map(|&row| id(dataset, row)).collect();
    let other_ids: Vec<String> = other_rows.iter().map(|&row| id(other, row)).collect();
    Ok(pairs(
        &own_fingerprints,
        &other_fingerprints,
        progress,
        |first, second| ids[first] != other_ids[second],
    ))
}

/// The fingerprints of packed images.
fn fingerprints(dataset: &Dataset, rows: &[usize]) -> Result<Vec<Option<Fingerprint>>> {
    let side = dataset.pixels.side() as u32;
    let fingerprint = |&row: &usize| {
        let image = RgbImage::from_raw(side, side, dataset.pixels.image(row)?);
        Ok(image.as_ref().and_then(Fingerprint::new))
    };
    rows.par_iter().map(fingerprint).collect()
}

fn pairs(
    fingerprints: &[Option<Fingerprint>],
    others: &[Option<Fingerprint>],
    progress: &dyn Progress,
    compare: impl Fn(usize, usize) -> bool + Sync,
) -> Vec<Pair> {
    progress.start("Comparing images", fingerprints.len() as u64);
    let of = |first: usize| {
        let fingerprint = fingerprints[first].as_ref();
        let found = others
            .iter()
            .enumerate()
            .filter(|&(second, _)| compare(first, second))
            .filter_map(|(second, other)| {
                let similarity = fingerprint?.similarity(other.as_ref()?)?;
                similarity.is_same_skin().then_some(Pair {
                    first,
                    second,
                    similarity,
                })
            })
            .collect::<Vec<_>>();
        progress.advance(1);
        found
    };
    let mut pairs: Vec<Pair> = (0..fingerprints.len())
        .into_par_iter()
        .flat_map_iter(of)
        .collect();
    progress.finish();
    pairs.sort_by(|a, b| b.similarity.detail.total_cmp(&a.similarity.detail));
    pairs
}
