//! What can be set about a training run. `configs/transfer.toml` and `configs/finetune.toml` hold the
//! defaults and say what each key does; [`super::settings`] resolves defaults, file and flags into this.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::metrics::Metrics;
use crate::model::layers::Architecture;
use crate::model::mobilenet_v2::Thawed;
use crate::{Diagnosis, Error, Result};

/// One of the two phases of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The base is frozen; a new head learns on its features.
    Transfer,
    /// Part or all of the base learns too.
    Finetune,
}

impl Phase {
    /// Its name in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Finetune => "finetune",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A resolved configuration. The keys are explained in `configs/*.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // each key is documented once, in configs/*.toml, where its users read it
pub struct TrainingConfig {
    pub phase: Phase,
    pub seed: u64,
    pub width: f64,
    pub epochs: usize,
    pub batch_size: usize,
    pub train_limit: usize,
    pub class_weights: ClassWeights,
    pub label_smoothing: f64,
    pub dropout: f64,
    pub optimizer: OptimizerKind,
    pub learning_rate: f64,
    /// Fine-tuning only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_learning_rate: Option<f64>,
    pub weight_decay: f64,
    pub momentum: f64,
    pub schedule: ScheduleKind,
    pub warmup_epochs: f64,
    pub min_learning_rate: f64,
    pub plateau_factor: f64,
    pub plateau_patience: usize,
    pub early_stopping_patience: usize,
    pub select_by: String,
    /// Fine-tuning only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thaw_blocks: Option<ThawBlocks>,
    /// Fine-tuning only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_norm: Option<BatchNormMode>,
    /// Transfer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_views: Option<usize>,
    /// Transfer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_features: Option<bool>,
    pub augment: Augment,
}

/// How classes are weighted in the loss: a rule or a table by class code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassWeights {
    /// A rule that looks at how many training images each class has.
    Rule(WeightRule),
    /// Weights by class code; classes left out weigh 1.
    Table(BTreeMap<Diagnosis, f64>),
}

/// Rules for class weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightRule {
    /// All equal.
    None,
    /// Inverse to the number of images.
    Balanced,
    /// Inverse to its square root.
    Sqrt,
    /// By the effective number of samples.
    Effective,
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

/// How many blocks learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ThawBlocks {
    /// So many, counted from the end.
    Last(usize),
    /// `"all"`.
    All(All),
}

/// The word `"all"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum All {
    /// Every block.
    All,
}

/// Where thawed batch norm takes its statistics from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchNormMode {
    /// From the batch, moving the running ones.
    Train,
    /// From the checkpoint, unmoved.
    Frozen,
}

/// Largest random changes of a training image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // documented in configs/*.toml
pub struct Augment {
    pub flip: bool,
    pub rotation: f64,
    pub scale: f64,
    pub shift: f64,
    pub shear: f64,
    pub brightness: f64,
    pub contrast: f64,
    pub colour: f64,
}

impl TrainingConfig {
    /// Refuses values out of their range, all of them at once.
    pub fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        let mut require = |holds: bool, key: &str, must: &str| {
            if !holds {
                wrong.push(format!("{key} must be {must}"));
            }
        };
        let share = |value: f64| (0.0..1.0).contains(&value);
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let not_negative = |value: f64| value >= 0.0 && value.is_finite();
        require((0.1..=4.0).contains(&self.width), "width", "from 0.1 to 4");
        require(self.epochs > 0, "epochs", "at least 1");
        require(self.batch_size > 0, "batch_size", "at least 1");
        require(
            share(self.label_smoothing),
            "label_smoothing",
            "from 0 to below 1",
        );
        require(share(self.dropout), "dropout", "from 0 to below 1");
        require(positive(self.learning_rate), "learning_rate", "above 0");
        require(
            self.base_learning_rate.is_none_or(positive),
            "base_learning_rate",
            "above 0",
        );
        require(not_negative(self.weight_decay), "weight_decay", "0 or more");
        require(share(self.momentum), "momentum", "from 0 to below 1");
        require(
            not_negative(self.warmup_epochs),
            "warmup_epochs",
            "0 or more",
        );
        require(
            not_negative(self.min_learning_rate),
            "min_learning_rate",
            "0 or more",
        );
        require(
            self.plateau_factor > 0.0 && self.plateau_factor < 1.0,
            "plateau_factor",
            "between 0 and 1",
        );
        let chooses = Metrics::NAMES.contains(&self.select_by.as_str());
        let names = format!("one of {}", Metrics::NAMES.join(", "));
        require(chooses, "select_by", &names);
        require(self.feature_views != Some(0), "feature_views", "at least 1");
        let blocks = Architecture::default().network().blocks.len();
        let thawable = match self.thaw_blocks {
            Some(ThawBlocks::Last(count)) => count <= blocks,
            _ => true,
        };
        require(thawable, "thaw_blocks", &format!("all, or 0 to {blocks}"));
        if let ClassWeights::Table(table) = &self.class_weights {
            let fine = table.values().all(|&weight| positive(weight));
            require(fine, "class_weights", "above 0 for every class named");
        }
        let Augment {
            rotation,
            scale,
            shift,
            shear,
            brightness,
            contrast,
            colour,
            ..
        } = self.augment;
        require(
            (0.0..=180.0).contains(&rotation),
            "augment.rotation",
            "from 0 to 180",
        );
        for (key, value) in [
            ("augment.scale", scale),
            ("augment.shift", shift),
            ("augment.shear", shear),
            ("augment.brightness", brightness),
            ("augment.contrast", contrast),
            ("augment.colour", colour),
        ] {
            require(share(value), key, "from 0 to below 1");
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::input(
            format!("the configuration of the {} phase", self.phase),
            wrong.join("; "),
            "Change it in the file given with --config, or with --set key=value.",
        ))
    }

    /// Which blocks of a network learn.
    pub fn thawed(&self, blocks: usize) -> Thawed {
        let first_block = match (self.phase, self.thaw_blocks) {
            (Phase::Transfer, _) => blocks,
            (Phase::Finetune, Some(ThawBlocks::Last(count))) => blocks.saturating_sub(count),
            (Phase::Finetune, _) => 0,
        };
        Thawed {
            first_block,
            batch_statistics: self.batch_norm != Some(BatchNormMode::Frozen),
        }
    }

    /// The configuration as a file that `--config` reads.
    pub fn to_toml(&self) -> String {
        // Plain numbers, strings and tables: there is nothing in it that TOML could refuse.
        toml::to_string_pretty(self).unwrap_or_default()
    }
}
