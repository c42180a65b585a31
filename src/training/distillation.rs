//! Teachers: trained networks whose answers a smaller one learns from (Hinton et al. 2015), shown the same
//! augmented images as it is (Beyer et al. 2022).

use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

use crate::Result;
use crate::dataset::Dataset;
use crate::evaluation::leakage::refuse_leak;
use crate::imaging::resize::ResizeRule;
use crate::model::checkpoint::Checkpoint;
use crate::model::fuse;
use crate::model::inference_network::InferenceNetwork;

/// One teacher, or several whose answers are averaged.
pub struct Teacher {
    networks: Vec<InferenceNetwork>,
    /// Hashes of the lesions that they were trained on: what they know, their pupil learns.
    pub training_lesions: Vec<String>,
    /// Hashes of the lesions that choices among them were made on.
    pub validation_lesions: Vec<String>,
}

impl Teacher {
    /// Reads the teachers' checkpoints; none without any.
    ///
    /// # Errors
    /// Those of reading; a teacher that was trained on lesions of the validation or test part, or chosen by lesions of
    /// the test part; and one that needs images prepared otherwise, be it of another size.
    pub fn open(paths: &[PathBuf], dataset: &Dataset, device: Device) -> Result<Option<Self>> {
        if paths.is_empty() {
            return Ok(None);
        }
        let mut teacher = Self {
            networks: Vec::new(),
            training_lesions: Vec::new(),
            validation_lesions: Vec::new(),
        };
        for path in paths {
            teacher.add(path, dataset, device)?;
        }
        Ok(Some(teacher))
    }

    fn add(&mut self, path: &Path, dataset: &Dataset, device: Device) -> Result<()> {
        let checkpoint = Checkpoint::read(path)?;
        let metadata = checkpoint.metadata;
        refuse_leak(path, &metadata, dataset)?;
        // A teacher may have learnt on larger or smaller images, but not on others.
        let needed = ResizeRule {
            size: dataset.info.resize.size,
            ..metadata.resize
        };
        dataset.refuse_other_resize(needed, &format!("the teacher {}", path.display()))?;
        let fused = fuse::fuse(&metadata.architecture.network(), &checkpoint.tensors)?;
        self.networks.push(InferenceNetwork::new(&fused, device)?);
        self.training_lesions.extend(metadata.training_lesions);
        self.validation_lesions.extend(metadata.validation_lesions);
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
