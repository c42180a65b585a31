//! Teachers for knowledge distillation (Hinton et al. 2015). Teacher and student get the same augmented images
//! (Beyer et al. 2022).

use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

use crate::Result;
use crate::dataset::Dataset;
use crate::evaluation::leakage::refuse_leak;
use crate::imaging::resize::ResizeRule;
use crate::model::checkpoint::Checkpoint;
use crate::model::fuse;
use crate::model::inference_network::InferenceNetwork;

/// One teacher, or an ensemble of several whose probabilities are averaged.
pub struct Teacher {
    networks: Vec<InferenceNetwork>,
    /// Hashes of the lesions that the teachers were trained on. They count as the student's training lesions, too.
    pub training_lesions: Vec<String>,
    /// Hashes of the lesions that the teachers were selected on.
    pub validation_lesions: Vec<String>,
}

impl Teacher {
    /// Reads the teachers' checkpoints. Returns `None` if `paths` is empty.
    ///
    /// # Errors
    /// Fails if a checkpoint cannot be read, if a teacher was trained on lesions of the validation or test split or
    /// selected on lesions of the test split, or if it needs another resize rule than the dataset's. Another image size
    /// is allowed.
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
        // Another image size is allowed, another resize rule is not.
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

    /// The teachers' mean probabilities (N × 7) at a temperature, for a normalised batch.
    pub fn probabilities(&self, images: &Tensor, temperature: f64) -> Tensor {
        tch::no_grad(|| {
            let probabilities: Vec<Tensor> = (self.networks.iter())
                .map(|network| (network.forward(images) / temperature).softmax(-1, Kind::Float))
                .collect();
            Tensor::stack(&probabilities, 0).mean_dim(&[0i64][..], false, Kind::Float)
        })
    }
}
