//! `skinlesion train`.

use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::dataset::Dataset;
use skinlesion::dataset::folds::TrainingFolds;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::checkpoint_metadata::LAST_FILE;
use skinlesion::model::pretrained::WeightsSource;
use skinlesion::progress::Progress;
use skinlesion::training::checkpointing::folder::{self, RunFolder};
use skinlesion::training::config::{ScheduleKind, resolve};
use skinlesion::training::fit::fit;
use skinlesion::training::initial_model::{self, InitialWeights};
use skinlesion::training::run::{TrainingResult, TrainingRun};
use skinlesion::training::{LAST, Phase, TrainingConfig};
use skinlesion::{Diagnosis, Error};

use super::phase::phase;
use crate::terminal::{Outcome, Session, Summary, shell, signals};

#[derive(clap::Args)]
pub struct Args {
    /// transfer: train a new head on the features of the frozen base. finetune: train the base too
    #[arg(long, value_parser = phase(), required_unless_present = "resume")]
    phase: Option<Phase>,

    /// Dataset folder that `skinlesion prepare` wrote. With --resume, only if it was moved
    #[arg(long, value_name = "DIR", required_unless_present = "resume")]
    data: Option<PathBuf>,

    /// The checkpoint folder to write: checkpoints, configuration, history and curves
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// The fold to validate on, if the dataset has folds; the network trains on the others. all trains on every fold
    /// and validates on none, for a final network whose metrics are those of its folds. Not needed with --resume
    #[arg(long, value_name = "K|all")]
    fold: Option<TrainingFolds>,

    /// TOML file with the settings that differ from the defaults (configs/transfer.toml, configs/finetune.toml)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// One setting, such as dropout=0.4 or augment.rotation=30; overrides --config. Repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,

    /// Initial weights of the base: a .safetensors or torchvision .pth file, imagenet (cached or downloaded), or none
    /// (random)
    #[arg(long, value_name = "FILE|imagenet|none", conflicts_with = "from")]
    weights: Option<WeightsSource>,

    /// Checkpoint file or folder to start from, base and head; the usual start of fine-tuning. Or an export folder with
    /// a checkpoint.safetensors
    #[arg(long, value_name = "CHECKPOINT")]
    from: Option<PathBuf>,

    /// Teacher checkpoint for distillation (the key teachers), or an export folder with a checkpoint.safetensors;
    /// fine-tuning only. Repeatable
    #[arg(long = "teacher", value_name = "CHECKPOINT")]
    teachers: Vec<PathBuf>,

    /// Passes over the training split (the key epochs). With --resume, a larger number than the run was started with;
    /// the schedule must be constant or plateau, since a cosine ends at the last epoch
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// Images per step (the key batch_size)
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,

    /// Learning rate of the head (the key learning_rate)
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,

    /// Resume the run in --out, with the settings it was started with
    #[arg(long, conflicts_with_all = ["config", "settings", "weights", "from", "teachers", "batch_size", "learning_rate", "force"])]
    resume: bool,

    /// Replace an earlier run in --out
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let device = session.device()?;
    let earlier = match args.resume {
        true => Some(RunFolder::resume(&args.out)?),
        false => None,
    };
    let data = &match &args.data {
        Some(data) => data.clone(),
        None => folder::data_path(&args.out)?,
    };
    let dataset = Dataset::open(data)?;
    super::no_digests::note_dataset(data, &dataset.info, session);
    let run_folder;
    let (dataset, config, origin, initial) = if let Some(earlier) = earlier {
        run_folder = earlier;
        resumed(args, data, session, dataset)?
    } else {
        let dataset = dataset.in_folds(args.fold)?;
        run_folder = RunFolder::create(&args.out, args.force)?;
        let phase = args.phase.unwrap_or(Phase::Transfer);
        let mut config = resolve::resolve(phase, args.config.as_deref(), &args.settings(session))?;
        if args.fold == Some(TrainingFolds::All) {
            config = config.without_validation()?;
        }
        (dataset, config, args.origin(phase)?, None)
    };
    let mut start = initial_model::start(&origin, &dataset, &config, device, session)?;
    if let Some(initial) = initial {
        start.initial_weights = initial;
    }
    session.say(&format!(
        "{} on {}{}, {} from {}",
        config.phase,
        data.display(),
        match dataset.training_folds() {
            Some(TrainingFolds::AllBut(fold)) => format!(" without fold {fold}"),
            Some(TrainingFolds::All) => ", all folds".to_owned(),
            None => String::new(),
        },
        device_name(device),
        start.initial_weights
    ));
    if !args.resume {
        run_folder.write_config(&config)?;
        run_folder.write_data_path(data)?;
    } else if args.epochs.is_some() {
        run_folder.write_config(&config)?;
    }
    let run = TrainingRun {
        dataset: &dataset,
        config: &config,
        folder: &run_folder,
        resume: args.resume,
        extended: args.resume && args.epochs.is_some(),
        stop: signals::stop_flag(),
    };
    let _listening = signals::stop_after_step();
    let result = fit(&run, start, session)?;
    Ok(summary(
        args,
        data,
        &config,
        dataset.training_folds(),
        &result,
    ))
}

impl Args {
    /// The flags that are settings, after those given with --set.
    fn settings(&self, session: &Session) -> Vec<String> {
        let mut settings = self.settings.clone();
        let mut add = |key: &str, value: Option<String>| {
            settings.extend(value.map(|value| format!("{key}={value}")));
        };
        add("seed", session.global.seed.map(|seed| seed.to_string()));
        let teachers = toml::Value::try_from(&self.teachers).ok();
        add(
            "teachers",
            teachers
                .filter(|_| !self.teachers.is_empty())
                .map(|teachers| teachers.to_string()),
        );
        add("epochs", self.epochs.map(|n| n.to_string()));
        add("batch_size", self.batch_size.map(|n| n.to_string()));
        add(
            "learning_rate",
            self.learning_rate.map(|rate| rate.to_string()),
        );
        settings
    }

    /// Where the initial weights come from. Fine-tuning has no default: ImageNet weights with an untrained head are
    /// rarely intended.
    fn origin(&self, phase: Phase) -> skinlesion::Result<InitialWeights> {
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

/// The dataset in its fold, the settings, the weights and their description, of the run in --out.
fn resumed(
    args: &Args,
    data: &Path,
    session: &Session,
    dataset: Dataset,
) -> skinlesion::Result<(Dataset, TrainingConfig, InitialWeights, Option<String>)> {
    let last = args.out.join(LAST_FILE);
    let metadata = Checkpoint::read(&last)?.metadata;
    let mut config = resolve::from_checkpoint(&last, &metadata.config)?;
    if metadata.dataset != dataset.info.hashes.manifest {
        return Err(Error::file(
            data,
            format!(
                "this is not the dataset that {} was trained on",
                last.display()
            ),
            "Give the folder that the run was started with.",
        ));
    }
    if args.phase.is_some_and(|phase| phase != config.phase) {
        return Err(Error::input(
            "--phase",
            format!(
                "the run in {} is of phase {}",
                args.out.display(),
                config.phase
            ),
            "Leave out --phase; the run has its own.",
        ));
    }
    if session.global.seed.is_some_and(|seed| seed != config.seed) {
        return Err(Error::input(
            "--seed",
            format!("the run in {} has seed {}", args.out.display(), config.seed),
            "Leave out --seed; the run has its own.",
        ));
    }
    if let Some(epochs) = args.epochs {
        refuse_epochs(epochs, &config)?;
        config.epochs = epochs;
    }
    let folds = dataset.folds_without(metadata.fold);
    if args.fold.is_some() && args.fold != folds {
        let found = match folds {
            Some(TrainingFolds::AllBut(fold)) => format!("fold {fold} to validate on"),
            Some(TrainingFolds::All) => "no fold to validate on".to_owned(),
            None => "no folds".to_owned(),
        };
        return Err(Error::input(
            "--fold",
            format!("the run in {} has {found}", args.out.display()),
            "Leave out --fold; the run has its own.",
        ));
    }
    Ok((
        dataset.in_folds(folds)?,
        config,
        InitialWeights::Checkpoint(last),
        Some(metadata.initial_weights),
    ))
}

/// Refuses a number of epochs that a resumed run cannot take on.
fn refuse_epochs(epochs: usize, config: &TrainingConfig) -> skinlesion::Result<()> {
    let remedy = "Start a new run --from the checkpoint of this one.";
    let problem = match config.schedule {
        _ if epochs <= config.epochs => {
            format!("the run has {} already", config.epochs)
        }
        ScheduleKind::Cosine => format!(
            "its cosine schedule ends at epoch {}, where the learning rate is almost zero",
            config.epochs
        ),
        ScheduleKind::Constant | ScheduleKind::Plateau => return Ok(()),
    };
    Err(Error::input(format!("--epochs {epochs}"), problem, remedy))
}

fn device_name(device: tch::Device) -> String {
    match device {
        tch::Device::Cpu => format!("CPU ({} threads)", tch::get_num_threads()),
        tch::Device::Cuda(index) => format!("CUDA device {index}"),
        other => format!("{other:?}"),
    }
}

fn summary(
    args: &Args,
    data: &Path,
    config: &TrainingConfig,
    folds: Option<TrainingFolds>,
    result: &TrainingResult,
) -> Summary {
    let (data, out) = (shell::quoted_path(data), shell::quoted_path(&args.out));
    let weights = Diagnosis::ALL.map(|d| format!("{d} {:.2}", result.class_weights[d.index()]));
    let mut text = format!(
        "Trained on {} images, {}.\nClass weights in the loss: {}.\n",
        result.train_images,
        match result.val_images {
            0 => "without validation".to_owned(),
            images => format!("validated on {images}"),
        },
        weights.join(", ")
    );
    if let Some((epoch, value)) = result.best {
        let epochs = result.history.len();
        text.push_str(&match config.monitor.as_str() {
            LAST => format!("Kept: epoch {epoch}, the last of {epochs}.\n"),
            name => {
                let name = name.replace('_', " ");
                format!("Best epoch: {epoch} of {epochs}, by validation {name} {value:.4}.\n")
            }
        });
    }
    let next = if result.interrupted {
        text.push_str("Stopped early; everything up to here is saved.\n");
        format!("skinlesion train --resume --out {out}")
    } else if config.phase == Phase::Transfer {
        let fold = folds.map_or_else(String::new, |folds| format!(" --fold {folds}"));
        format!(
            "skinlesion train --phase finetune --data {data}{fold} --from {out} --out {}",
            shell::beside(&args.out, "-finetuned")
        )
    } else if folds == Some(TrainingFolds::All) {
        text.push_str(
            "The metrics of this network are those of the networks of its folds, which `skinlesion eval --folds` pools;\n\
             `skinlesion calibrate --out-of-fold` takes that evaluation.\n",
        );
        format!("skinlesion info {out}")
    } else if folds.is_some() {
        text.push_str(
            "Once every fold is trained, `skinlesion eval --folds` with one --model per fold pools them.\n",
        );
        let eval = shell::beside(&args.out, "-eval");
        format!("skinlesion eval --model {out} --data {data} --split val --out {eval}")
    } else {
        let calibrated = shell::beside(&args.out, "-calibrated.safetensors");
        format!("skinlesion calibrate --checkpoint {out} --data {data} --out {calibrated}")
    };
    let files = folder::written(&args.out);
    Summary {
        text,
        json: json!({
            "phase": config.phase,
            "fold": match folds {
                Some(TrainingFolds::AllBut(fold)) => json!(fold),
                Some(TrainingFolds::All) => json!("all"),
                None => json!(null),
            },
            "interrupted": result.interrupted,
            "epochs": result.history,
            "best_epoch": result.best.map(|(epoch, _)| epoch),
            "monitor": config.monitor,
            "best_value": result.best.filter(|_| config.monitor != LAST).map(|(_, value)| value),
            "class_weights": Diagnosis::ALL.map(|d| (d.code(), result.class_weights[d.index()])).into_iter()
                .collect::<std::collections::BTreeMap<_, _>>(),
        }),
        files: files.into_iter().filter(|file| file.exists()).collect(),
        next: Some(next),
        failed: result.interrupted,
    }
}
