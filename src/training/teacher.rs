//! Teachers: trained networks whose answers a smaller one learns from (Hinton et al. 2015), shown the same
//! augmented images as it is (Beyer et al. 2022).

use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

use super::start::refuse_seen_lesions;
use crate::Result;
use crate::dataset::{Dataset, Part};
use crate::model::checkpoint::Checkpoint;
use crate::model::fold;
use crate::model::inference::InferenceNetwork;

/// One teacher, or several whose answers are averaged.
pub struct Teacher {
    networks: Vec<InferenceNetwork>,
    /// Hashes of the lesions that they were trained on: what they know, their pupil learns.
    pub training_lesions: Vec<String>,
}

impl Teacher {
    /// Reads the teachers' checkpoints; none without any.
    ///
    /// # Errors
    /// Those of reading, and a teacher that was trained on lesions of the validation or test part.
    pub fn open(paths: &[PathBuf], dataset: &Dataset, device: Device) -> Result<Option<Self>> {
        if paths.is_empty() {
            return Ok(None);
        }
        let mut teacher = Self {
            networks: Vec::new(),
            training_lesions: Vec::new(),
        };
        for path in paths {
            teacher.add(path, dataset, device)?;
        }
        Ok(Some(teacher))
    }

    fn add(&mut self, path: &Path, dataset: &Dataset, device: Device) -> Result<()> {
        let checkpoint = Checkpoint::read(path)?;
        let about = checkpoint.about;
        refuse_seen_lesions(
            path,
            &about.training_lesions,
            dataset,
            &[Part::Val, Part::Test],
        )?;
        let folded = fold::fold(&about.architecture.network(), &checkpoint.tensors)?;
        self.networks.push(InferenceNetwork::new(&folded, device)?);
        self.training_lesions.extend(about.training_lesions);
        Ok(())
    }

    /// Their mean probabilities (N × 7) of a normalised batch, softened by a temperature.
    pub fn probabilities(&self, images: &Tensor, temperature: f64) -> Tensor {
        tch::no_grad(|| {
            let answers: Vec<Tensor> = (self.networks.iter())
                .map(|network| (network.forward(images) / temperature).softmax(-1, Kind::Float))
                .collect();
            Tensor::stack(&answers, 0).mean_dim(&[0i64][..], false, Kind::Float)
        })
    }
}
