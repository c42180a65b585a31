//! Initial model of a run: from a checkpoint, from pretrained weights, or random.

use std::path::{Path, PathBuf};

use tch::Device;

use super::config::{Phase, TrainingConfig};
use super::data::sampling;
use super::distillation::Teacher;
use crate::dataset::Dataset;
use crate::evaluation::leakage::refuse_leak;
use crate::model::architecture::Architecture;
use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::pretrained::{self, WeightsSource};
use crate::model::seen::Seen;
use crate::progress::Progress;
use crate::{Error, Result};

/// Where the initial weights come from.
#[derive(Clone, Debug)]
pub enum InitialWeights {
    /// A checkpoint of this program, including its head.
    Checkpoint(PathBuf),
    /// Weights of the base; the head is random.
    Weights(WeightsSource),
}

/// A network to train, with its provenance.
pub struct InitialModel {
    /// The network.
    pub model: MobileNetV2,
    /// The network's architecture.
    pub architecture: Architecture,
    /// A description of where the initial weights came from.
    pub initial_weights: String,
    /// The teacher for distillation, if there is one.
    pub teacher: Option<Teacher>,
    /// The images that the initial weights and the teachers were trained and selected on.
    pub seen: Seen,
}

/// Builds the network to train, and reads the teachers.
pub fn start(
    weights: &InitialWeights,
    dataset: &Dataset,
    config: &TrainingConfig,
    device: Device,
    progress: &dyn Progress,
) -> Result<InitialModel> {
    let rows = sampling::training_rows(dataset, config);
    let teacher = Teacher::open(&config.teachers, dataset, device)?;
    let mut model = initialize(weights, dataset, config, device, progress)?;
    if let Some(teacher) = &teacher {
        let (images, all) = (teacher.out_of_fold(&rows), rows.len());
        if images > 0 {
            progress.say(&format!(
                "{images} of {all} training images are answered out of fold, by teachers that did not train on them"
            ));
        }
        model.seen.extend(&teacher.seen);
    }
    Ok(InitialModel { teacher, ..model })
}

fn initialize(
    weights: &InitialWeights,
    dataset: &Dataset,
    config: &TrainingConfig,
    device: Device,
    progress: &dyn Progress,
) -> Result<InitialModel> {
    let architecture = Architecture {
        width: config.width,
        classes: dataset.info.classes.len(),
    };
    let source = match weights {
        InitialWeights::Checkpoint(path) => {
            return from_checkpoint(path, dataset, config, architecture, device, progress);
        }
        InitialWeights::Weights(source) => source,
    };
    // A checkpoint that is given as plain weights has seen images all the same.
    let seen = match source {
        WeightsSource::File(path) => CheckpointMetadata::read_if_any(path)?,
        WeightsSource::ImageNet | WeightsSource::None => None,
    };
    if let (Some(metadata), WeightsSource::File(path)) = (&seen, source) {
        refuse_leak(path, metadata, dataset)?;
    }
    let mut model = MobileNetV2::random(architecture, config.seed, device)?;
    let loaded = pretrained::load(source, model.network(), progress)?;
    let initial_weights = match loaded {
        None => format!("random weights, seed {}", config.seed),
        Some(mut loaded) => {
            let description = format!("{} ({})", loaded.origin, loaded.summary());
            // The head of pretrained weights has other classes, even if their number is the same.
            loaded
                .tensors
                .retain(|name, _| name.starts_with("features."));
            model.restore(&loaded.tensors);
            description
        }
    };
    if config.phase == Phase::Transfer && matches!(source, WeightsSource::None) {
        progress.warn("the base has random weights, and the transfer phase does not train it; fine-tuning does");
    }
    Ok(InitialModel {
        model,
        architecture,
        initial_weights,
        teacher: None,
        seen: seen.map(|metadata| metadata.seen).unwrap_or_default(),
    })
}

fn from_checkpoint(
    path: &Path,
    dataset: &Dataset,
    config: &TrainingConfig,
    architecture: Architecture,
    device: Device,
    progress: &dyn Progress,
) -> Result<InitialModel> {
    let mut checkpoint = Checkpoint::read(path)?;
    let metadata = &checkpoint.metadata;
    if metadata.architecture.width != architecture.width {
        return Err(Error::file(
            path,
            format!(
                "the checkpoint's width is {}, the configuration's is {}",
                metadata.architecture.width, architecture.width
            ),
            format!("Pass --set width={}.", metadata.architecture.width),
        ));
    }
    dataset.refuse_other_resize(metadata.resize, &path.display().to_string())?;
    refuse_leak(path, metadata, dataset)?;
    let model = match metadata.classes.has_codes_of(dataset.info.classes) {
        true => MobileNetV2::from_tensors(architecture, &checkpoint.tensors, device)?,
        false => {
            progress.say(&format!(
                "The head is new: {} has the classes {}.",
                name_of(path),
                metadata.classes.codes()
            ));
            let mut model = MobileNetV2::random(architecture, config.seed, device)?;
            (checkpoint.tensors).retain(|name, _| name.starts_with("features."));
            model.restore(&checkpoint.tensors);
            model
        }
    };
    Ok(InitialModel {
        model,
        architecture,
        initial_weights: format!(
            "{} (epoch {} of {}), which began with {}",
            name_of(path),
            metadata.epoch,
            metadata.phase,
            metadata.initial_weights
        ),
        teacher: None,
        seen: metadata.seen.clone(),
    })
}

/// The name of a checkpoint's folder, without the path above: private paths must not end up in a published checkpoint.
fn name_of(path: &Path) -> String {
    let folder = match path.is_dir() {
        true => Some(path),
        false => path.parent(),
    };
    let name = folder.and_then(Path::file_name).or(path.file_name());
    name.unwrap_or_default().to_string_lossy().into_owned()
}
