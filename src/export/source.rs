//! The network to export.

use std::path::{Path, PathBuf};

use tch::Device;

use super::images::Images;
use super::{onnx, verify};
use crate::artifact::package;
use crate::inference::checkpoint::CheckpointClassifier;
use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::{self, CheckpointMetadata};
use crate::model::fuse::FusedNetwork;
use crate::probabilities::Probabilities;
use crate::progress::Progress;
use crate::{Result, files};

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
        let path = checkpoint_metadata::locate(path);
        let checkpoint = Checkpoint::read(&path)?;
        let network = checkpoint.fused()?;
        let mut metadata = checkpoint.metadata;
        metadata.config = without_folders(&metadata.config);
        Ok(Self {
            sha256: files::sha256_file(&path)?,
            network,
            metadata,
            path,
        })
    }

    fn read_exported(path: PathBuf) -> Result<Self> {
        let (sha256, metadata) = package::provenance(&path)?;
        Ok(Self {
            network: onnx::read(&path, metadata.architecture)?,
            sha256,
            metadata,
            path,
        })
    }

    /// The network's probabilities for images, with which every exported file is compared.
    pub fn answers(&self, images: &Images, progress: &dyn Progress) -> Result<Vec<Probabilities>> {
        let network =
            CheckpointClassifier::fused(&self.network, self.metadata.clone(), Device::Cpu)?;
        verify::answers(&network, "the checkpoint", images, progress)
    }
}

/// The configuration with the teachers' folders removed, which are private paths of the training machine.
fn without_folders(config: &str) -> String {
    let Ok(mut table) = config.parse::<toml::Table>() else {
        return config.to_owned();
    };
    let teachers = table.get_mut("teachers").and_then(|t| t.as_array_mut());
    for teacher in teachers.into_iter().flatten() {
        let path = teacher.as_str().map(Path::new);
        if let Some(name) = path.and_then(Path::file_name) {
            *teacher = toml::Value::String(name.to_string_lossy().into_owned());
        }
    }
    toml::to_string_pretty(&table).unwrap_or_default()
}
