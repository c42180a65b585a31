//! The search for pairs of images that show the same skin.

use image::RgbImage;
use rayon::prelude::*;

use super::fingerprint::{Likeness, Look};
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
    pub likeness: Likeness,
}

/// The pairs among photographs of different lesions, the most alike first. `looks[i]` is of `samples[i]`.
pub fn among(samples: &[Sample], looks: &[Option<Look>], progress: &dyn Progress) -> Vec<Pair> {
    pairs(looks, looks, progress, |first, second| {
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
    let (own_looks, other_looks) = (looks(dataset, rows), looks(other, other_rows));
    let id = |dataset: &Dataset, row: usize| dataset.rows[row].sample.image_id.clone();
    let ids: Vec<String> = rows.iter().map(|&row| id(dataset, row)).collect();
    let other_ids: Vec<String> = other_rows.iter().map(|&row| id(other, row)).collect();
    pairs(&own_looks, &other_looks, progress, |first, second| {
        ids[first] != other_ids[second]
    })
}

/// The looks of some packed images.
fn looks(dataset: &Dataset, rows: &[usize]) -> Vec<Option<Look>> {
    let side = dataset.pixels.side() as u32;
    let look = |&row: &usize| {
        let bytes = dataset.pixels.image(row).to_vec();
        Look::new(&RgbImage::from_raw(side, side, bytes)?)
    };
    let looks = rows.par_iter().map(look).collect();
    dataset.pixels.release();
    looks
}

fn pairs(
    looks: &[Option<Look>],
    others: &[Option<Look>],
    progress: &dyn Progress,
    may_be: impl Fn(usize, usize) -> bool + Sync,
) -> Vec<Pair> {
    progress.start("Comparing images", looks.len() as u64);
    let of = |first: usize| {
        let look = looks[first].as_ref();
        let found = others
            .iter()
            .enumerate()
            .filter(|&(second, _)| may_be(first, second))
            .filter_map(|(second, other)| {
                let likeness = look?.likeness(other.as_ref()?)?;
                likeness.is_same_skin().then_some(Pair {
                    first,
                    second,
                    likeness,
                })
            })
            .collect::<Vec<_>>();
        progress.advance(1);
        found
    };
    let mut pairs: Vec<Pair> = (0..looks.len()).into_par_iter().flat_map_iter(of).collect();
    progress.finish();
    pairs.sort_by(|a, b| b.likeness.detail.total_cmp(&a.likeness.detail));
    pairs
}
