//! The configuration of a training run. `configs/transfer.toml` and `configs/finetune.toml` contain the defaults and
//! describe every key. [`self::resolve`] combines defaults, configuration file and flags.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::{Error, Result};

pub mod annotated;
mod augment;
mod place;
mod removed_keys;
mod renamed_keys;
pub mod resolve;
pub mod setting_of_flag;
mod to_toml;
mod validate;
mod wrong_value;

pub use self::augment::Augment;

/// One of the two phases of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Phase {
    /// The base is frozen; a new head is trained on its features.
    Transfer,
    /// Part or all of the base is trained with the head.
    Finetune,
}

impl Phase {
    /// The phase's name in flags and files.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A resolved configuration. The keys are documented in `configs/*.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // each key is documented once, in configs/*.toml, where its users read it
pub struct TrainingConfig {
    pub phase: Phase,
    pub seed: u64,
    pub width: f64,
    pub epochs: usize,
    pub batch_size: usize,
    pub train_limit: usize,
    #[serde(default)]
    pub sampler: Sampler,
    pub class_weights: ClassWeights,
    #[serde(default)]
    pub class_factors: BTreeMap<String, f64>,
    #[serde(default)]
    pub reweighting_start: f64,
    #[serde(default)]
    pub reweighting_end: f64,
    #[serde(default)]
    pub mask_unlabelled: bool,
    pub label_smoothing: f64,
    pub dropout: f64,
    pub optimizer: OptimizerKind,
    pub learning_rate: f64,
    /// Fine-tuning only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_learning_rate: Option<f64>,
    pub weight_decay: f64,
    pub momentum: f64,
    #[serde(default)]
    pub clip_grad_norm: f64,
    pub schedule: ScheduleKind,
    pub warmup_epochs: f64,
    pub min_learning_rate: f64,
    pub plateau_factor: f64,
    pub plateau_patience: usize,
    pub early_stopping_patience: usize,
    pub monitor: String,
    #[serde(default = "one")]
    pub validate_every: usize,
    #[serde(default)]
    pub first_size: usize,
    #[serde(default)]
    pub last_size: usize,
    #[serde(default)]
    pub ema_decay: f64,
    #[serde(default)]
    pub mixup: f64,
    #[serde(default)]
    pub teachers: Vec<PathBuf>,
    #[serde(default)]
    pub distillation_alpha: f64,
    #[serde(default = "one")]
    pub teacher_temperature: f64,
    /// Fine-tuning only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trainable_blocks: Option<TrainableBlocksSetting>,
    /// Transfer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_views: Option<usize>,
    /// Transfer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_features: Option<bool>,
    pub augment: Augment,
}

fn one<T: From<u8>>() -> T {
    T::from(1)
}

/// Class weights of the loss: a rule, a power, or a table by class code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeights {
    /// A rule based on the number of training images per class.
    Rule(WeightRule),
    /// n⁻ᵖ for a class of n images and this power p: 0 equals none, 0.5 sqrt, 1 balanced.
    Power(f64),
    /// Weights by class code. Classes that are not listed have weight 1.
    Table(BTreeMap<String, f64>),
}

/// Rules that compute class weights from the number of images n of each class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightRule {
    /// Equal weights.
    None,
    /// Proportional to 1 / n.
    Balanced,
    /// Proportional to 1 / √n.
    Sqrt,
    /// Inverse to the effective number of samples (Cui et al. 2019).
    Effective,
}

/// How often each class is sampled in an epoch. The length of an epoch does not depend on the sampler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    /// Every image once.
    #[default]
    Natural,
    /// Each class in proportion to the square root of its number of images.
    Sqrt,
    /// All classes equally often.
    Balanced,
}

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    Adam,
    Adamw,
    Sgd,
}

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    Constant,
    Cosine,
    Plateau,
}

/// How many blocks are trainable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TrainableBlocksSetting {
    /// This many, counted from the end.
    Last(usize),
    /// `"all"`.
    All(All),
}

/// The string `"all"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum All {
    /// Every block.
    All,
}

impl TrainingConfig {
    /// The configuration with absolute paths of the teachers, so that the run can be resumed from another folder. A
    /// path that would not be UTF-8, as the configuration must be, stays as it is.
    pub fn with_absolute_teachers(mut self) -> Result<Self> {
        for teacher in &mut self.teachers {
            let absolute = std::path::absolute(&*teacher).map_err(Error::io("find", teacher))?;
            if absolute.to_str().is_some() {
                *teacher = absolute;
            }
        }
        Ok(self)
    }

    /// The first trainable block of a network with `blocks` blocks; `blocks` if only the head is trainable.
    pub fn first_trainable_block(&self, blocks: usize) -> usize {
        let trainable = match (self.phase, self.trainable_blocks) {
            (Phase::Transfer, _) => 0,
            (Phase::Finetune, Some(TrainableBlocksSetting::Last(count))) => count.min(blocks),
            (Phase::Finetune, _) => blocks,
        };
        blocks - trainable
    }
}
