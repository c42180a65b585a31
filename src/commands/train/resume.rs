//! What a resumed run has of its own.

use std::path::Path;

use skinlesion::dataset::Dataset;
use skinlesion::dataset::folds::TrainingFolds;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::checkpoint_metadata::LAST_FILE;
use skinlesion::progress::Progress;
use skinlesion::training::TrainingConfig;
use skinlesion::training::checkpointing::folder::CONFIG_FILE;
use skinlesion::training::config::{ScheduleKind, resolve};
use skinlesion::training::initial_model::InitialWeights;
use skinlesion::{Error, reading};

use super::args::Args;
use crate::terminal::Session;

/// The dataset in its fold, the settings, the weights and their description, of the run in --out.
pub fn resumed(
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
            "Give the folder that the run was started with as --data.",
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
    // Before --epochs changes them.
    warn_changed_config(&args.out, &config, session);
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

/// Warns if the configuration beside the checkpoints is not that of the run, which goes on with its own.
fn warn_changed_config(folder: &Path, config: &TrainingConfig, session: &Session) {
    let path = folder.join(CONFIG_FILE);
    let text = reading::read_text(&path, reading::MAX_JSON).ok();
    let changed = text.is_some_and(|text| {
        resolve::from_checkpoint(&path, &text).map_or(true, |beside| beside != *config)
    });
    if changed {
        session.warn(&format!(
            "{} differs from the settings of the run, which goes on with its own; --epochs changes its length",
            path.display()
        ));
    }
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
        _ if config.first_size != config.last_size => {
            "its training images have grown to last_size already".to_owned()
        }
        _ if config.reweighting_end > 0.0 => {
            "its class weights have reached their full force already".to_owned()
        }
        ScheduleKind::Constant | ScheduleKind::Plateau => return Ok(()),
    };
    Err(Error::input(format!("--epochs {epochs}"), problem, remedy))
}
