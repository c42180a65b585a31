//! The network to export.

use std::path::{Path, PathBuf};

use tch::Device;

use super::images::Images;
use super::{onnx, verify};
use crate::artifact::description::Description;
use crate::artifact::package::{self, MODEL_FILE};
use crate::inference::checkpoint::CheckpointClassifier;
use crate::inference::classifier::Outputs;
use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::{self, CheckpointMetadata, EXPORTED_FILE};
use crate::model::fuse::FusedNetwork;
use crate::progress::Progress;
use crate::{Error, Result, files};

/// The network to export.
#[derive(Debug)]
pub struct ExportSource {
    /// The file that it was read from.
    pub path: PathBuf,
    /// SHA-256 of the checkpoint file.
    pub sha256: String,
    /// The checkpoint metadata.
    pub metadata: CheckpointMetadata,
    /// The network, with BatchNorm and temperature fused.
    pub network: FusedNetwork,
    /// The description of the export that it was read from, with metrics, thresholds and decisions; `None` for a
    /// checkpoint.
    pub exported: Option<Description>,
}

impl ExportSource {
    /// Reads a checkpoint file or folder, or an export folder or its `model.onnx`, which contains the same weights.
    pub fn read(path: &Path) -> Result<Self> {
        let exported = package::locate(path);
        if exported
            .extension()
            .is_some_and(|extension| extension == "onnx")
        {
            return Self::read_exported(exported);
        }
        let path = checkpoint_metadata::located(path)?;
        Self::of_checkpoint(Checkpoint::read(&path)?, path)
    }

    /// Reads the checkpoint of a fold, with the temperature and the decision rules of another network.
    pub fn read_fold(path: &Path, calibrated_as: &CheckpointMetadata) -> Result<Self> {
        let path = checkpoint_metadata::located(path)?;
        let mut checkpoint = Checkpoint::read(&path)?;
        let metadata = &mut checkpoint.metadata;
        if metadata.dataset != calibrated_as.dataset || metadata.fold.is_none() {
            return Err(Error::file(
                &path,
                "it is not the network of a fold of the dataset that the exported network was trained on",
                "Give a checkpoint that was trained with --fold K on that dataset, with the same settings.",
            ));
        }
        if metadata.architecture != calibrated_as.architecture {
            return Err(Error::file(
                &path,
                format!(
                    "its width is {}, that of the exported network {}",
                    metadata.architecture.width, calibrated_as.architecture.width
                ),
                "Give a checkpoint that was trained with the same settings.",
            ));
        }
        metadata.temperature = calibrated_as.temperature;
        metadata.decisions = calibrated_as.decisions.clone();
        Self::of_checkpoint(checkpoint, path)
    }

    fn of_checkpoint(checkpoint: Checkpoint, path: PathBuf) -> Result<Self> {
        let network = checkpoint.fused()?;
        let metadata = checkpoint.metadata.without_folders();
        Ok(Self {
            sha256: files::sha256_file(&path)?,
            network,
            metadata,
            path,
            exported: None,
        })
    }

    fn read_exported(path: PathBuf) -> Result<Self> {
        package::refuse_changed(&path)?;
        let (sha256, mut metadata) = package::provenance(&path)?;
        let exported = Description::read(&path.with_file_name(MODEL_FILE))?;
        if exported.checkpoint.sha256 != sha256 {
            return Err(Error::file(
                &path.with_file_name(MODEL_FILE),
                "it describes another network than checkpoint.json beside it",
                "Pass a folder as `skinlesion export` wrote it.",
            ));
        }
        metadata.decisions = exported.decisions.clone();
        let network = onnx::read(&path, metadata.architecture, &sha256)?;
        metadata.novelty = exported.novelty.filter(|_| network.novelty.is_some());
        Ok(Self {
            network,
            sha256,
            metadata,
            path,
            exported: Some(exported),
        })
    }

    /// The checkpoint itself, with its weights in f16, for training on other data.
    ///
    /// # Errors
    /// An export has no checkpoint, unless it contains one.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let path = match &self.exported {
            Some(_) => self.path.with_file_name(EXPORTED_FILE),
            None => self.path.clone(),
        };
        if self.exported.is_some() && !path.is_file() {
            return Err(Error::file(
                &path,
                "not found: this export does not contain its checkpoint",
                "Export the checkpoint itself, or leave out --include-checkpoint.",
            ));
        }
        let checkpoint = Checkpoint::read(&path)?.in_half_precision();
        let metadata = self.metadata.clone(); // without private paths
        Ok(Checkpoint {
            novelty: self.network.novelty.clone(),
            metadata,
            ..checkpoint
        })
    }

    /// The description of the network. That of an export is kept, in the current format.
    pub fn description(&self) -> Description {
        let new = Description::new(&self.metadata, &self.sha256);
        let Some(exported) = self.exported.clone() else {
            return new;
        };
        Description {
            metrics: exported.metrics,
            thresholds: exported.thresholds,
            abstention: exported.abstention,
            ..new
        }
    }

    /// The network's outputs for images, with which every exported file is compared.
    pub fn answers(&self, images: &Images, progress: &dyn Progress) -> Result<Outputs> {
        let network =
            CheckpointClassifier::fused(&self.network, self.metadata.clone(), Device::Cpu)?;
        verify::answers(&network, "the checkpoint", images, progress)
    }
}
