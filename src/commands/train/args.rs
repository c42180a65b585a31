//! The flags of `skinlesion train`.

use std::path::{Path, PathBuf};

use skinlesion::Error;
use skinlesion::dataset::folds::TrainingFolds;
use skinlesion::model::pretrained::WeightsSource;
use skinlesion::training::Phase;
use skinlesion::training::initial_model::InitialWeights;

use crate::commands::phase::phase;
use crate::terminal::Session;

#[derive(clap::Args)]
pub struct Args {
    /// transfer: train a new head on the features of the frozen base. finetune: train the base too. Required without
    /// --resume
    #[arg(long, value_parser = phase(), required_unless_present = "resume")]
    pub phase: Option<Phase>,

    /// Dataset folder that `skinlesion prepare` wrote. Required without --resume; with it, only if the folder was moved
    #[arg(long, value_name = "DIR", required_unless_present = "resume")]
    pub data: Option<PathBuf>,

    /// The checkpoint folder to write: checkpoints, configuration, history and curves
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// The fold to validate on, if the dataset has folds; the network trains on the others. all trains on every fold
    /// and validates on none, for a final network whose metrics are those of its folds. Not needed with --resume
    #[arg(long, value_name = "K|all")]
    pub fold: Option<TrainingFolds>,

    /// TOML file with the settings that differ from the defaults (configs/transfer.toml, configs/finetune.toml)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// One setting, such as dropout=0.4 or augment.rotation=30; overrides --config. Repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,

    /// Initial weights of the base: a .safetensors or torchvision .pth file, imagenet (cached or downloaded), or none
    /// (random) [default: imagenet for transfer; finetune needs --from or --weights]
    #[arg(long, value_name = "FILE|imagenet|none", conflicts_with = "from")]
    pub weights: Option<WeightsSource>,

    /// Checkpoint file or folder to start from, base and head; the usual start of fine-tuning. Or an export folder with
    /// a checkpoint.safetensors
    #[arg(long, value_name = "CHECKPOINT")]
    pub from: Option<PathBuf>,

    /// Teacher checkpoint for distillation (the key teachers), or an export folder with a checkpoint.safetensors;
    /// fine-tuning only. Repeatable
    #[arg(long = "teacher", value_name = "CHECKPOINT")]
    pub teachers: Vec<PathBuf>,

    /// Passes over the training split (the key epochs). With --resume, a larger number than the run was started with,
    /// if it has a constant or plateau schedule (a cosine ends at the last epoch), training images that do not grow
    /// (first_size = last_size) and class weights that do not change (reweighting_end = 0)
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,

    /// Images per step (the key batch_size)
    #[arg(long, value_name = "N")]
    pub batch_size: Option<usize>,

    /// Learning rate of the head (the key learning_rate)
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<f64>,

    /// Resume the run in --out, with the settings it was started with
    #[arg(long, conflicts_with_all = ["config", "settings", "weights", "from", "teachers", "batch_size", "learning_rate", "force"])]
    pub resume: bool,

    /// Replace an earlier run in --out
    #[arg(long)]
    pub force: bool,

    /// Also write the history as an event file into --out: run `tensorboard --logdir` on its parent folder
    #[arg(long, value_name = "LOGGER")]
    pub logger: Option<Logger>,
}

/// A program that shows the history of a run.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Logger {
    /// TensorBoard.
    Tensorboard,
}

impl Args {
    /// The data and networks that the flags name to read. The teachers that the configuration names are checked once it
    /// is resolved, and its file is read before anything is replaced.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        let weights = self.weights.as_ref().and_then(|source| match source {
            WeightsSource::File(path) => Some(path),
            WeightsSource::ImageNet | WeightsSource::None => None,
        });
        let single = [&self.data, &self.from];
        let named = single.into_iter().flatten().chain(weights);
        named.chain(&self.teachers).map(PathBuf::as_path)
    }

    /// The flags that are settings, after those given with --set.
    ///
    /// # Errors
    /// A path of a teacher that is not UTF-8.
    pub fn settings(&self, session: &Session) -> skinlesion::Result<Vec<String>> {
        let mut settings = self.settings.clone();
        let mut add = |key: &str, value: Option<String>| {
            settings.extend(value.map(|value| format!("{key}={value}")));
        };
        add("seed", session.global.seed.map(|seed| seed.to_string()));
        if !self.teachers.is_empty() {
            let teachers = toml::Value::try_from(&self.teachers).map_err(|_| {
                Error::input(
                    "--teacher",
                    "a path is not UTF-8, as the configuration must be",
                    "Rename the folder, or give another path to it.",
                )
            })?;
            add("teachers", Some(teachers.to_string()));
        }
        add("epochs", self.epochs.map(|n| n.to_string()));
        add("batch_size", self.batch_size.map(|n| n.to_string()));
        add(
            "learning_rate",
            self.learning_rate.map(|rate| rate.to_string()),
        );
        Ok(settings)
    }

    /// Where the initial weights come from. Fine-tuning has no default: ImageNet weights with an untrained head are
    /// rarely intended.
    pub fn origin(&self, phase: Phase) -> skinlesion::Result<InitialWeights> {
        match (&self.from, &self.weights, phase) {
            (Some(path), _, _) => Ok(InitialWeights::Checkpoint(path.clone())),
            (None, Some(source), _) => Ok(InitialWeights::Weights(source.clone())),
            (None, None, Phase::Transfer) => Ok(InitialWeights::Weights(WeightsSource::ImageNet)),
            (None, None, Phase::Finetune) => Err(Error::input(
                "--phase finetune",
                "it needs a network to start from",
                "Give --from CHECKPOINT (of a transfer run), or --weights to start with an untrained head.",
            )),
        }
    }
}
