//! What training starts from: an earlier checkpoint, pretrained weights, or chance.

use std::path::{Path, PathBuf};

use tch::Device;

use super::config::{Phase, TrainingConfig};
use super::distillation::Teacher;
use crate::dataset::Dataset;
use crate::evaluation::leakage::refuse_leak;
use crate::model::architecture::Architecture;
use crate::model::checkpoint::Checkpoint;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::pretrained;
use crate::model::pretrained::WeightsSource;
use crate::progress::Progress;
use crate::{Diagnosis, Error, Result};

/// Where the first weights come from.
#[derive(Clone, Debug)]
pub enum InitialWeights {
    /// A checkpoint of this program, head included.
    Checkpoint(PathBuf),
    /// Weights of the base; the head is drawn by chance.
    Weights(WeightsSource),
}

/// A network ready to be trained, and what must be remembered of its past.
pub struct InitialModel {
    /// The network.
    pub model: MobileNetV2,
    /// Its shape.
    pub architecture: Architecture,
    /// Where its weights came from, in words.
    pub initial_weights: String,
    /// Who teaches it, if anybody.
    pub teacher: Option<Teacher>,
    /// Hashes of lesions that earlier gradients came from, and those of its teachers.
    pub training_lesions: Vec<String>,
    /// Hashes of lesions that earlier choices were made on, and those of its teachers.
    pub validation_lesions: Vec<String>,
}

/// Builds the network to train, and reads its teachers.
pub fn start(
    origin: &InitialWeights,
    dataset: &Dataset,
    config: &TrainingConfig,
    device: Device,
    progress: &dyn Progress,
) -> Result<InitialModel> {
    let teacher = Teacher::open(&config.teachers, dataset, device)?;
    let mut start = first_weights(origin, dataset, config, device, progress)?;
    if let Some(teacher) = &teacher {
        let known = teacher.training_lesions.iter().cloned();
        start.training_lesions.extend(known);
        let chosen_by = teacher.validation_lesions.iter().cloned();
        start.validation_lesions.extend(chosen_by);
    }
    Ok(InitialModel { teacher, ..start })
}

fn first_weights(
    origin: &InitialWeights,
    dataset: &Dataset,
    config: &TrainingConfig,
    device: Device,
    progress: &dyn Progress,
) -> Result<InitialModel> {
    let architecture = Architecture {
        width: config.width,
        classes: Diagnosis::COUNT,
    };
    let source = match origin {
        InitialWeights::Checkpoint(path) => {
            return from_checkpoint(path, dataset, architecture, device);
        }
        InitialWeights::Weights(source) => source,
    };
    let mut model = MobileNetV2::random(architecture, config.seed, device);
    let loaded = pretrained::load(source, model.network(), progress)?;
    let initial_weights = match loaded {
        None => format!("random weights, seed {}", config.seed),
        Some(mut loaded) => {
            let line = format!("{} ({})", loaded.origin, loaded.summary());
            // The head's classes are others', even where their number happens to be the same.
            loaded
                .tensors
                .retain(|name, _| name.starts_with("features."));
            model.restore(&loaded.tensors);
            line
        }
    };
    if config.phase == Phase::Transfer && matches!(source, WeightsSource::None) {
        progress.warn("the base is random and stays so in this phase; fine-tuning will teach it");
    }
    Ok(InitialModel {
        model,
        architecture,
        initial_weights,
        teacher: None,
        training_lesions: Vec::new(),
        validation_lesions: Vec::new(),
    })
}

fn from_checkpoint(
    path: &Path,
    dataset: &Dataset,
    architecture: Architecture,
    device: Device,
) -> Result<InitialModel> {
    let checkpoint = Checkpoint::read(path)?;
    let metadata = &checkpoint.metadata;
    if metadata.architecture != architecture {
        return Err(Error::file(
            path,
            format!(
                "its width is {}, but the configuration says {}",
                metadata.architecture.width, architecture.width
            ),
            format!("Say --set width={}.", metadata.architecture.width),
        ));
    }
    dataset.refuse_other_resize(metadata.resize, &path.display().to_string())?;
    refuse_leak(path, metadata, dataset)?;
    Ok(InitialModel {
        model: MobileNetV2::from_tensors(architecture, &checkpoint.tensors, device)?,
        architecture,
        initial_weights: format!(
            "{} (epoch {} of {}), which began with {}",
            name_of(path),
            metadata.epoch,
            metadata.phase,
            metadata.initial_weights
        ),
        teacher: None,
        training_lesions: metadata.training_lesions.clone(),
        validation_lesions: metadata.validation_lesions.clone(),
    })
}

/// A checkpoint's name without the folders above it, which are nobody's business once it is passed on.
fn name_of(path: &Path) -> String {
    let folder = match path.is_dir() {
        true => Some(path),
        false => path.parent(),
    };
    let name = folder.and_then(Path::file_name).or(path.file_name());
    name.unwrap_or_default().to_string_lossy().into_owned()
}
