//! Training from the first epoch to the last.

use super::history::{self, Epoch};
use super::initial_model::InitialModel;
use super::run::{TrainingResult, TrainingRun};
use super::tensorboard::EventFile;
use super::trainer::Trainer;
use crate::Result;
use crate::progress::Progress;

/// Trains a model. Writes the best and the last checkpoint, the history and its curves into the run's folder.
pub fn fit(
    run: &TrainingRun,
    initial_model: InitialModel,
    progress: &dyn Progress,
) -> Result<TrainingResult> {
    let mut trainer = Trainer::new(run, initial_model, progress)?;
    match trainer.finished() {
        true => progress.say("This run has ended: nothing is left to train."),
        false => progress.say(Epoch::header()),
    }
    let mut events = EventFile::open(&run.folder.path(), trainer.epochs(), run.event_file)?;
    if let Some(events) = &mut events {
        events.append(&run.folder.path(), trainer.history())?; // what a killed run saved, but did not append
    }
    while !trainer.finished() {
        let goes_on = trainer.epoch()?;
        // A run that is stopped during validation has finished its epoch.
        if let Some(events) = &mut events {
            events.append(&run.folder.path(), trainer.history())?;
        }
        if !goes_on {
            return Ok(trainer.into_result(true));
        }
    }
    let result = trainer.into_result(false);
    history::draw(&run.folder.path(), &result.history)?;
    Ok(result)
}
