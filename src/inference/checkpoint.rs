//! Checkpoints, run with libtorch.

use std::path::Path;

use tch::Device;

use super::classifier::{self, Classifier, Outputs};
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::fuse::FusedNetwork;
use crate::model::inference_network::InferenceNetwork;
use crate::model::novelty_rule::NoveltyRule;
use crate::model::{input, output};
use crate::{Class, ClassList, Error, Result};

/// A checkpoint as a [`Classifier`].
pub struct CheckpointClassifier {
    network: InferenceNetwork,
    metadata: CheckpointMetadata,
    /// The path, for messages.
    name: String,
}

impl CheckpointClassifier {
    /// Opens a checkpoint file or folder.
    pub fn open(path: &Path, device: Device) -> Result<Self> {
        Ok(Self {
            name: path.display().to_string(),
            ..Self::new(&Checkpoint::read(path)?, device)?
        })
    }

    /// Uses a checkpoint in memory; BatchNorm is fused into the convolutions.
    pub fn new(checkpoint: &Checkpoint, device: Device) -> Result<Self> {
        Self::fused(&checkpoint.fused()?, checkpoint.metadata.clone(), device)
    }

    /// Uses a fused network, with the metadata of its checkpoint.
    pub fn fused(
        network: &FusedNetwork,
        metadata: CheckpointMetadata,
        device: Device,
    ) -> Result<Self> {
        Ok(Self {
            network: InferenceNetwork::new(network, device)?,
            metadata,
            name: "the checkpoint".to_owned(),
        })
    }
}

impl Classifier for CheckpointClassifier {
    fn classes(&self) -> ClassList {
        self.metadata.classes
    }

    fn resize(&self) -> ResizeRule {
        self.metadata.resize
    }

    fn metadata(&self) -> Option<&CheckpointMetadata> {
        Some(&self.metadata)
    }

    fn decisions(&self) -> &Decisions {
        &self.metadata.decisions
    }

    fn novelty(&self) -> Option<NoveltyRule> {
        self.metadata.novelty
    }

    fn outputs(&self, images: &[&[u8]]) -> Result<Outputs> {
        let side = self.metadata.resize.size as usize;
        let bytes = input::bytes_to_tensor(images, side, self.network.device())?;
        let (logits, novelty) = tch::no_grad(|| {
            let features = self.network.features(&input::normalised(&bytes));
            (
                self.network.head(&features),
                self.network.novelty(&features),
            )
        });
        let (name, count) = (&self.name, images.len());
        let novelty = novelty.as_ref().map(output::scores).transpose()?;
        Ok(Outputs {
            probabilities: classifier::checked(
                name,
                count,
                output::probabilities(self.classes(), &logits)?,
            )?,
            novelty: (novelty.filter(|_| self.metadata.novelty.is_some()))
                .map(|scores| classifier::checked_novelty(name, count, scores))
                .transpose()?,
        })
    }

    fn grad_cam(&self, image: &[u8], class: Class) -> Result<Option<Vec<f32>>> {
        let side = self.metadata.resize.size as usize;
        let bytes = input::bytes_to_tensor(&[image], side, self.network.device())?;
        let map = tch::no_grad(|| self.network.grad_cam(&input::normalised(&bytes), class));
        let flat = map.to_device(Device::Cpu).contiguous().view(-1);
        Vec::try_from(flat)
            .map(Some)
            .map_err(Error::torch("reading the Grad-CAM map"))
    }
}
