//! Photographs that show the same skin under different lesion ids, which a split by lesion cannot keep together.
//!
//! The search has two steps: a perceptual hash finds candidates whichever way they were turned, and a close look
//! at their fine structure ([`likeness`]) keeps those that are the same skin. What is found is told in
//! `near_duplicates.csv` ([`record`]) and shown in `near_duplicates.html` ([`page`]).

mod detail;
pub mod groups;
pub mod likeness;
pub mod page;
pub mod record;

use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::likeness::{Likeness, Look};
use super::{Dataset, Sample};
use crate::progress::Progress;

/// What becomes of lesions that show the same skin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// They are joined: never in two parts or folds.
    #[default]
    Join,
    /// They are listed and stay where they were drawn.
    List,
    /// They are not looked for.
    Off,
}

/// What `dataset.json` says of near-duplicates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicates {
    /// `join` or `list`.
    pub treatment: Treatment,
    /// Pairs of images of different lesions that show the same skin.
    pub pairs: usize,
    /// The ids of the lesions that are kept together, group by group; empty unless they are joined.
    pub joined: Vec<Vec<String>>,
    /// Lesions that joining brought into another part or fold than they were drawn for.
    pub moved: usize,
    /// The limits of the search.
    pub limits: Limits,
}

/// The limits of the search, as [`likeness`] has them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// [`likeness::BITS`].
    pub hash_bits: u32,
    /// [`likeness::DETAIL`].
    pub detail: f32,
    /// [`likeness::DIFFERENCE`].
    pub difference: f32,
    /// [`likeness::CERTAIN`].
    pub certain: f32,
}

impl Limits {
    /// Those of this program.
    pub const USED: Self = Self {
        hash_bits: likeness::BITS,
        detail: likeness::DETAIL,
        difference: likeness::DIFFERENCE,
        certain: likeness::CERTAIN,
    };
}

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
