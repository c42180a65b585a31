//! The images that a network has seen, as its checkpoint lists them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Sample};
use crate::imaging::dhash::DHash;
use crate::{Result, files};

/// The lesions and images that a network has seen, those of its initial checkpoint and of its teachers included.
/// [`crate::evaluation::leakage`] compares them with those that it is to be scored on.
///
/// Ids are listed as [`id_hash`], sorted. Checkpoints of older versions list lesions only, or no patients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The lesions that the weights were trained on.
    pub training_lesions: Vec<String>,
    /// The lesions that were used for choices: model selection, calibration.
    pub validation_lesions: Vec<String>,
    /// The ids of the images that the weights were trained on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub training_images: Vec<String>,
    /// The ids of the images that were used for choices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation_images: Vec<String>,
    /// The patients whose images the weights were trained on, of datasets that keep patients whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub training_patients: Vec<String>,
    /// The patients whose images were used for choices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation_patients: Vec<String>,
    /// The [`DHash`]es of the images that the weights were trained on. Images without contrast have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub training_dhashes: Vec<String>,
    /// The [`DHash`]es of the images that were used for choices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validation_dhashes: Vec<String>,
}

/// A name of a lesion, an image or a patient that does not show its id; short ids can be guessed. It is the first 16
/// hexadecimal digits of its id's SHA-256.
pub fn id_hash(id: &str) -> String {
    let mut digest = files::sha256(id.as_bytes());
    digest.truncate(16);
    digest
}

impl Seen {
    /// The images in these rows of a dataset.
    ///
    /// # Errors
    /// Images that cannot be read.
    pub fn new(dataset: &Dataset, training: &[usize], validation: &[usize]) -> Result<Self> {
        let sample = |&row: &usize| &dataset.rows[row].sample;
        let ids = |rows: &[usize], id: fn(&Sample) -> &String| {
            let known = rows.iter().map(sample).map(id).filter(|id| !id.is_empty());
            sorted(known.map(|id| id_hash(id)).collect())
        };
        let lesions = |rows: &[usize]| ids(rows, |sample| &sample.lesion_id);
        let images = |rows: &[usize]| ids(rows, |sample| &sample.image_id);
        let keeps_patients = dataset.info.group_by.keeps_patients();
        let patients = |rows: &[usize]| match keeps_patients {
            true => ids(rows, |sample| &sample.patient_id),
            false => Vec::new(),
        };
        let hashes = |rows: &[usize]| {
            let hashes = dhashes(dataset, rows)?.into_iter().flatten();
            Ok(sorted(hashes.map(|hash| hash.to_string()).collect()))
        };
        Ok(Self {
            training_lesions: lesions(training),
            validation_lesions: lesions(validation),
            training_images: images(training),
            validation_images: images(validation),
            training_patients: patients(training),
            validation_patients: patients(validation),
            training_dhashes: hashes(training)?,
            validation_dhashes: hashes(validation)?,
        })
    }

    /// Adds what another network has seen. What either was trained on is no longer listed as used for choices.
    pub fn extend(&mut self, other: &Self) {
        for (own, more) in self.lists().into_iter().zip(other.clone().lists()) {
            own.append(more);
            *own = sorted(std::mem::take(own));
        }
        let without = |chosen: &mut Vec<String>, trained: &[String]| {
            chosen.retain(|id| trained.binary_search(id).is_err());
        };
        without(&mut self.validation_lesions, &self.training_lesions);
        without(&mut self.validation_images, &self.training_images);
        without(&mut self.validation_patients, &self.training_patients);
        without(&mut self.validation_dhashes, &self.training_dhashes);
    }

    fn lists(&mut self) -> [&mut Vec<String>; 8] {
        [
            &mut self.training_lesions,
            &mut self.validation_lesions,
            &mut self.training_images,
            &mut self.validation_images,
            &mut self.training_patients,
            &mut self.validation_patients,
            &mut self.training_dhashes,
            &mut self.validation_dhashes,
        ]
    }
}

/// The difference hashes of rows of a dataset, in their order.
///
/// # Errors
/// Images that cannot be read.
fn dhashes(dataset: &Dataset, rows: &[usize]) -> Result<Vec<Option<DHash>>> {
    let side = dataset.pixels.side();
    let hash = |&row: &usize| Ok(DHash::new(&dataset.pixels.image(row)?, side));
    rows.par_iter().map(hash).collect()
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort_unstable();
    list.dedup();
    list
}
