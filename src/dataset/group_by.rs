//! Grouping: what is kept whole when images are divided into splits and folds.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::Sample;
use super::duplicates::Lesion;
use crate::Class;

/// What the images of one split or fold may share with no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum GroupBy {
    /// A lesion.
    #[default]
    LesionId,
    /// A patient; each image of a named patient counts as a lesion of its own.
    PatientId,
    /// A lesion and a patient.
    Both,
}

impl GroupBy {
    /// Its name in files and flags.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether patients are kept whole.
    pub fn keeps_patients(self) -> bool {
        self != Self::LesionId
    }

    /// The widest that some samples allow: both, if any names its patient.
    pub fn widest<'a>(mut samples: impl Iterator<Item = &'a Sample>) -> Self {
        match samples.any(|sample| !sample.patient_id.is_empty()) {
            true => Self::Both,
            false => Self::LesionId,
        }
    }
}

/// The lesions that are drawn as one: those with a patient in common, by index, each ascending. Without patients each
/// lesion is alone.
pub fn units(samples: &[Sample], lesions: &[Lesion], by: GroupBy) -> Vec<Vec<usize>> {
    if !by.keeps_patients() {
        return (0..lesions.len()).map(|lesion| vec![lesion]).collect();
    }
    let mut of_patient: HashMap<&str, usize> = HashMap::new();
    let mut parent: Vec<usize> = (0..lesions.len()).collect();
    for (index, lesion) in lesions.iter().enumerate() {
        for &image in lesion.training.iter().chain(&lesion.held_out) {
            let patient = samples[image].patient_id.as_str();
            if patient.is_empty() {
                continue;
            }
            let first = *of_patient.entry(patient).or_insert(index);
            let (a, b) = (root(&parent, first), root(&parent, index));
            // The smaller index becomes the root, so that the result does not depend on the order of the samples.
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut units: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for lesion in 0..lesions.len() {
        units.entry(root(&parent, lesion)).or_default().push(lesion);
    }
    units.into_values().collect()
}

fn root(parent: &[usize], mut lesion: usize) -> usize {
    while parent[lesion] != lesion {
        lesion = parent[lesion];
    }
    lesion
}

/// The lesions of a unit as one, for drawing. Its class is the rarest of its lesions' classes, so that rare classes are
/// spread evenly; source and localization are those of the first lesion of that class.
pub fn merged(
    lesions: &[Lesion],
    unit: &[usize],
    lesions_of_class: &BTreeMap<Class, usize>,
) -> Lesion {
    let rarity = |&&lesion: &&usize| {
        let dx = lesions[lesion].dx;
        (lesions_of_class.get(&dx).copied().unwrap_or(0), dx)
    };
    let rarest = unit.iter().min_by_key(rarity).copied().unwrap_or_default();
    let together = |of: fn(&Lesion) -> &Vec<usize>| {
        let mut images: Vec<usize> = unit
            .iter()
            .flat_map(|&lesion| of(&lesions[lesion]))
            .copied()
            .collect();
        images.sort_unstable();
        images
    };
    Lesion {
        training: together(|lesion| &lesion.training),
        held_out: together(|lesion| &lesion.held_out),
        ..lesions[rarest].clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::ham;

    fn sample(id: &str, lesion: &str, patient: &str, dx: &str) -> Sample {
        Sample {
            image_id: id.into(),
            lesion_id: lesion.into(),
            patient_id: patient.into(),
            dx: ham(dx),
            dx_type: String::new(),
            age: String::new(),
            sex: String::new(),
            localization: String::new(),
            source: String::new(),
        }
    }

    #[test]
    fn lesions_of_one_patient_are_drawn_as_one_by_their_rarest_class() {
        let samples = [
            sample("1", "a", "P", "nv"),
            sample("2", "b", "", "nv"),
            sample("3", "c", "P", "mel"),
            sample("4", "d", "Q", "nv"),
        ];
        let lesions = crate::dataset::duplicates::lesions(&samples, Default::default());
        let units = |by| units(&samples, &lesions, by);
        assert_eq!(units(GroupBy::LesionId).len(), 4);
        assert_eq!(units(GroupBy::Both), [vec![0, 2], vec![1], vec![3]]);
        let counts = [(ham("nv"), 3), (ham("mel"), 1)].into_iter().collect();
        let one = merged(&lesions, &[0, 2], &counts);
        assert_eq!((one.dx, one.training), (ham("mel"), vec![0, 2]));
        assert_eq!(GroupBy::widest(samples.iter()), GroupBy::Both);
        assert_eq!(GroupBy::widest(samples[1..2].iter()), GroupBy::LesionId);
    }
}
