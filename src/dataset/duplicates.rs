//! Lesions that were photographed more than once, and what becomes of the repeats.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::Sample;
use crate::Diagnosis;

/// What becomes of the images of a lesion that was photographed more than once. A lesion never stands in
/// two parts, whatever the rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Dedupe {
    /// Training keeps all images of a lesion; validation and test keep one.
    #[default]
    Group,
    /// One image a lesion everywhere.
    Lesion,
    // A lesion whose rows differ in one of these stays in more than once.
    /// The original project's rule: one of rows equal in lesion, diagnosis, its type, age, sex and localization.
    Original,
}

impl Dedupe {
    /// All rules.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name in files and flags.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A lesion: what is drawn as a whole into one part. Images are indices of the samples, ascending.
#[derive(Clone, Debug)]
pub struct Lesion {
    /// The one diagnosis of all its images.
    pub dx: Diagnosis,
    /// The localization of its first image (two lesions of HAM10000 have images that differ in it).
    pub localization: String,
    /// The images that are kept if it falls into the training part.
    pub training: Vec<usize>,
    /// The images that are kept if it falls into validation or test.
    pub held_out: Vec<usize>,
}

/// The lesions by id. `samples` must be sorted by image id: where one image is kept of several it is the
/// first, that is, the one with the lowest image id, which in HAM10000 says nothing about the photograph.
pub fn lesions(samples: &[Sample], rule: Dedupe) -> Vec<Lesion> {
    let mut images_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, sample) in samples.iter().enumerate() {
        images_of.entry(&sample.lesion_id).or_default().push(index);
    }
    images_of
        .into_values()
        .map(|images| {
            let first = &samples[images[0]];
            let one = vec![images[0]];
            let (training, held_out) = match rule {
                Dedupe::Group => (images, one),
                Dedupe::Lesion => (one.clone(), one),
                Dedupe::Original => {
                    let distinct = distinct(samples, images);
                    (distinct.clone(), distinct)
                }
            };
            Lesion {
                dx: first.dx,
                localization: first.localization.clone(),
                training,
                held_out,
            }
        })
        .collect()
}

/// The first image of each group of rows that the original's rule cannot tell apart.
fn distinct(samples: &[Sample], mut images: Vec<usize>) -> Vec<usize> {
    let mut seen = HashSet::new();
    images.retain(|&image| {
        let s = &samples[image];
        seen.insert((s.dx, &s.dx_type, &s.age, &s.sex, &s.localization))
    });
    images
}

/// Leaves out the images of a class in a localization that has fewer than `least` of them, as the original
/// did, and returns how many those were.
pub fn drop_rare_localizations(
    samples: &[Sample],
    lesions: &mut Vec<Lesion>,
    least: usize,
) -> usize {
    let place = |image: usize| (samples[image].dx, samples[image].localization.as_str());
    let mut count: BTreeMap<_, usize> = BTreeMap::new();
    for &image in lesions.iter().flat_map(|lesion| &lesion.training) {
        *count.entry(place(image)).or_default() += 1;
    }
    let is_common = |image: &usize| count[&place(*image)] >= least;
    let dropped = count.values().filter(|&&images| images < least).sum();
    for lesion in lesions.iter_mut() {
        lesion.training.retain(is_common);
        lesion.held_out.retain(is_common);
    }
    lesions.retain(|lesion| !lesion.training.is_empty());
    dropped
}
