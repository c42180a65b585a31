//! Deduplication of lesions with more than one image.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::Sample;
use crate::Class;

/// Which images of a lesion are kept if it has more than one. Every rule keeps a lesion within one split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Dedupe {
    /// Training keeps all images of a lesion; validation and test keep one.
    #[default]
    Group,
    /// Every split keeps one image per lesion.
    Lesion,
    // A lesion whose rows differ in one of these columns keeps more than one image.
    /// The original project's rule: one image per lesion, diagnosis, its type, age, sex and localization.
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

/// A lesion, which is assigned to one split as a whole. Images are sample indices, ascending.
#[derive(Clone, Debug)]
pub struct Lesion {
    /// The diagnosis, the same for all its images.
    pub dx: Class,
    /// The source of its first image.
    pub source: String,
    /// The localization of its first image. In two lesions of HAM10000 the images differ in it.
    pub localization: String,
    /// The images that are kept in the training split.
    pub training: Vec<usize>,
    /// The images that are kept in the validation or test split.
    pub held_out: Vec<usize>,
}

/// The lesions by id. `samples` must be sorted by image id. Where one image of several is kept, it is the one with the
/// lowest image id, which in HAM10000 is unrelated to the image's content.
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
                source: first.source.clone(),
                localization: first.localization.clone(),
                training,
                held_out,
            }
        })
        .collect()
}

/// The first image of each group of rows that are equal under [`Dedupe::Original`].
fn distinct(samples: &[Sample], mut images: Vec<usize>) -> Vec<usize> {
    let mut seen = HashSet::new();
    images.retain(|&image| {
        let s = &samples[image];
        seen.insert((s.dx, &s.dx_type, &s.age, &s.sex, &s.localization))
    });
    images
}

/// Drops the images of a class in a localization with fewer than `least` of them, as the original project did, and
/// returns their number.
pub fn drop_rare_localizations(
    samples: &[Sample],
    lesions: &mut Vec<Lesion>,
    least: usize,
) -> usize {
    let stratum = |image: usize| (samples[image].dx, samples[image].localization.as_str());
    let mut count: BTreeMap<_, usize> = BTreeMap::new();
    for &image in lesions.iter().flat_map(|lesion| &lesion.training) {
        *count.entry(stratum(image)).or_default() += 1;
    }
    let is_common = |image: &usize| count[&stratum(*image)] >= least;
    let dropped = count.values().filter(|&&images| images < least).sum();
    for lesion in lesions.iter_mut() {
        lesion.training.retain(is_common);
        lesion.held_out.retain(is_common);
    }
    lesions.retain(|lesion| !lesion.training.is_empty());
    dropped
}
