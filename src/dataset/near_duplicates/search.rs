//! The search for pairs of images that show the same skin.

use image::RgbImage;
use rayon::prelude::*;

use super::fingerprint::{Fingerprint, Similarity};
use crate::dataset::folder::Dataset;
use crate::dataset::sample::Sample;
use crate::progress::Progress;

/// Two images that show the same skin, by their places in what was searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The first.
    pub first: usize,
    /// The second.
    pub second: usize,
    /// How alike they are.
    pub similarity: Similarity,
}

/// The pairs among photographs of different lesions, the most alike first. `fingerprints[i]` is of `samples[i]`.
pub fn among(
    samples: &[Sample],
    fingerprints: &[Option<Fingerprint>],
    progress: &dyn Progress,
) -> Vec<Pair> {
    pairs(fingerprints, fingerprints, progress, |first, second| {
        first < second && samples[first].lesion_id != samples[second].lesion_id
    })
}

/// The pairs between some rows of two datasets, the most alike first. `first` and `second` of a [`Pair`] are
/// places in `rows` and `other_rows`. The same image id in both is no news and is passed over.
pub fn between(
    (dataset, rows): (&Dataset, &[usize]),
    (other, other_rows): (&Dataset, &[usize]),
    progress: &dyn Progress,
) -> Vec<Pair> {
    let (own_fingerprints, other_fingerprints) =
        (fingerprints(dataset, rows), fingerprints(other, other_rows));
    let id = |dataset: &Dataset, row: usize| dataset.rows[row].sample.image_id.clone();
    let ids: Vec<String> = rows.iter().map(|&row| id(dataset, row)).collect();
    let other_ids: Vec<String> = other_rows.iter().map(|&row| id(other, row)).collect();
    pairs(
        &own_fingerprints,
        &other_fingerprints,
        progress,
        |first, second| ids[first] != other_ids[second],
    )
}

/// The fingerprints of some packed images.
fn fingerprints(dataset: &Dataset, rows: &[usize]) -> Vec<Option<Fingerprint>> {
    let side = dataset.pixels.side() as u32;
    let fingerprint = |&row: &usize| {
        let bytes = dataset.pixels.image(row).to_vec();
        Fingerprint::new(&RgbImage::from_raw(side, side, bytes)?)
    };
    let fingerprints = rows.par_iter().map(fingerprint).collect();
    dataset.pixels.release();
    fingerprints
}

fn pairs(
    fingerprints: &[Option<Fingerprint>],
    others: &[Option<Fingerprint>],
    progress: &dyn Progress,
    may_be: impl Fn(usize, usize) -> bool + Sync,
) -> Vec<Pair> {
    progress.start("Comparing images", fingerprints.len() as u64);
    let of = |first: usize| {
        let fingerprint = fingerprints[first].as_ref();
        let found = others
            .iter()
            .enumerate()
            .filter(|&(second, _)| may_be(first, second))
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
