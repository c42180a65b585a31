//! Trains from the first epoch to the last.

use super::history;
use super::history::Epoch;
use super::initial_model::InitialModel;
use super::run::{TrainingResult, TrainingRun};
use super::trainer::Trainer;
use crate::Result;
use crate::progress::Progress;

/// Trains, writing the best and the last checkpoint and the history into the folder.
pub fn fit(
    run: &TrainingRun,
    start: InitialModel,
    progress: &dyn Progress,
) -> Result<TrainingResult> {
    let mut trainer = Trainer::new(run, start, progress)?;
    progress.say(Epoch::header());
    while !trainer.finished() {
        if !trainer.epoch()? {
            return Ok(trainer.ended(true));
        }
    }
    let ended = trainer.ended(false);
    history::draw(run.folder, &ended.history)?;
    Ok(ended)
}
