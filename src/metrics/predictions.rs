//! `predictions.csv`: the truth and the predicted probabilities of each image.

use super::bootstrap::{self, Intervals};
use super::{Confusion, Metrics, score};
use crate::probabilities::Probabilities;
use crate::{Class, ClassList, DEFAULT_SEED};

mod csv_file;
pub(super) use self::csv_file::write_csv;

/// The file name within an evaluation folder.
pub const FILE: &str = "predictions.csv";

/// Predictions; entry `i` of each list belongs to image `i`.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The classes.
    pub classes: ClassList,
    /// Image ids.
    pub image_ids: Vec<String>,
    /// Lesion ids; empty if unknown, and then each image counts as a lesion of its own.
    pub lesion_ids: Vec<String>,
    /// Patient ids, each empty if unknown; no entries unless the dataset keeps patients whole.
    pub patient_ids: Vec<String>,
    /// True diagnoses.
    pub truths: Vec<Class>,
    /// Predicted probabilities, in class order.
    pub probabilities: Vec<Probabilities>,
    /// The classes that the rule [`super::decisions::DecisionRule::Balanced`] names; empty if it was not fitted.
    pub balanced: Vec<Class>,
}

impl Predictions {
    /// No images.
    pub fn new(classes: ClassList) -> Self {
        Self {
            classes,
            image_ids: Vec::new(),
            lesion_ids: Vec::new(),
            patient_ids: Vec::new(),
            truths: Vec::new(),
            probabilities: Vec::new(),
            balanced: Vec::new(),
        }
    }

    /// Computes all metrics.
    pub fn score(&self) -> Metrics {
        score(self.classes, &self.truths, &self.probabilities)
    }

    /// The 95 % intervals of the metrics ([`bootstrap::intervals`]), with the default seed.
    pub fn intervals(&self) -> Intervals {
        let (truths, probabilities) = (&self.truths, &self.probabilities);
        bootstrap::intervals(
            self.classes,
            truths,
            probabilities,
            &self.clusters(),
            DEFAULT_SEED,
        )
    }

    /// The confusion matrix of the likeliest class.
    pub fn confusion(&self) -> Confusion {
        let predicted = self.probabilities.iter().map(Probabilities::argmax);
        Confusion::count(self.classes, self.truths.iter().copied().zip(predicted))
    }

    /// The lesion id of each image; its image id if lesions are unknown.
    pub fn lesions(&self) -> Vec<&str> {
        if self.lesion_ids.len() == self.truths.len() {
            return self.lesion_ids.iter().map(String::as_str).collect();
        }
        self.image_ids.iter().map(String::as_str).collect()
    }

    /// What the bootstrap draws: the patient of each image if the dataset keeps patients whole and names this one, else
    /// its lesion.
    pub fn clusters(&self) -> Vec<&str> {
        let mut clusters = self.lesions();
        for (cluster, patient) in clusters.iter_mut().zip(&self.patient_ids) {
            if !patient.is_empty() {
                *cluster = patient;
            }
        }
        clusters
    }

    /// The same images with other probabilities.
    pub fn map_probabilities(&self, of: impl Fn(&Probabilities) -> Probabilities) -> Self {
        Self {
            probabilities: self.probabilities.iter().map(of).collect(),
            ..self.clone()
        }
    }

    /// The predictions of some images.
    pub fn select(&self, images: &[usize]) -> Self {
        fn of<T: Clone>(all: &[T], images: &[usize]) -> Vec<T> {
            let image = |&image: &usize| all.get(image).cloned();
            images.iter().filter_map(image).collect()
        }
        Self {
            classes: self.classes,
            image_ids: of(&self.image_ids, images),
            lesion_ids: of(&self.lesion_ids, images),
            patient_ids: of(&self.patient_ids, images),
            truths: of(&self.truths, images),
            probabilities: of(&self.probabilities, images),
            balanced: of(&self.balanced, images),
        }
    }

    /// Several predictions together.
    pub fn pooled<'a>(
        classes: ClassList,
        parts: impl IntoIterator<Item = &'a Predictions>,
    ) -> Self {
        let mut pooled = Self::new(classes);
        for part in parts {
            pooled.extend(part.clone());
        }
        pooled
    }

    /// Appends other predictions.
    pub fn extend(&mut self, others: Self) {
        self.image_ids.extend(others.image_ids);
        self.lesion_ids.extend(others.lesion_ids);
        self.patient_ids.extend(others.patient_ids);
        self.truths.extend(others.truths);
        self.probabilities.extend(others.probabilities);
        self.balanced.extend(others.balanced);
    }

    /// These predictions as if each image had the probability 1 for the class named for it.
    pub fn naming(&self, named: impl IntoIterator<Item = Class>) -> Self {
        Self {
            probabilities: named.into_iter().map(Probabilities::one_hot).collect(),
            ..self.clone()
        }
    }

    /// Whether the classes named by the balanced rule are known.
    pub fn has_balanced(&self) -> bool {
        !self.truths.is_empty() && self.balanced.len() == self.truths.len()
    }
}
