//! The end of an epoch: validation, history, early stopping and checkpoints.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Trainer;
use super::checks::diverged;
use crate::metrics::{self, Metrics};
use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::{BEST_FILE, CheckpointMetadata};
use crate::model::libtorch::memory;
use crate::model::state_dict::{NamedTensors, snapshot};
use crate::probabilities::Probabilities;
use crate::training::checkpointing::train_state;
use crate::training::history::{self, Epoch};
use crate::training::{early_stopping, lr_schedule};
use crate::{Class, Result};

impl Trainer<'_> {
    /// Validates, writes the history and the checkpoints, and moves on to the next epoch. Returns false if the run was
    /// stopped before its end.
    pub(super) fn end_epoch(&mut self) -> Result<bool> {
        self.refuse_diverged_weights()?;
        let (config, epoch) = (self.run.config, self.state.epoch);
        let started = Instant::now();
        let labels: Vec<Class> = (self.order().iter())
            .map(|&index| self.train_labels[index])
            .collect();
        let train = metrics::score(
            self.run.dataset.info.classes,
            &labels,
            &std::mem::take(&mut self.state.probabilities),
        );
        let val = match self.validates() {
            true => Some(self.validate()?),
            false => None,
        };
        if self.reports_steps() {
            self.progress.finish();
        }
        let seconds = self.state.seconds + started.elapsed().as_secs_f64();
        let rate = lr_schedule::rate(
            config,
            config.learning_rate,
            epoch as f64,
            self.state.plateau,
        );
        let row = Epoch::new(epoch, seconds, rate, &train, val.as_ref());
        self.progress.say(&row.row());
        self.history.push(row);

        let mut improved = false;
        if self.may_be_kept() {
            improved = early_stopping::update_best(&mut self.state, config, val.as_ref())?;
            (self.state.plateau).epoch_validated(epoch, improved, config);
        }
        let patience = config.early_stopping_patience;
        let out_of_patience = patience > 0 && self.state.epochs_without_improvement >= patience;
        self.state.finished = epoch == config.epochs || out_of_patience;
        self.state.epoch += 1;
        if self.reports_steps() {
            memory::return_freed_memory();
        }
        (self.state.step, self.state.seconds) = (0, 0.0);

        let metadata = CheckpointMetadata {
            epoch,
            validation: val.as_ref().map(Metrics::to_map).unwrap_or_default(),
            ..self.metadata.clone()
        };
        if improved {
            let best = self.checkpoint(self.eval_tensors(), metadata.clone().without_folders());
            best.write(&self.run.folder.path().join(BEST_FILE))?;
        }
        history::write(&self.run.folder.path(), &self.history)?;
        let stop = self.run.stop.load(Ordering::Relaxed) && !self.state.finished;
        // In the transfer phase, an epoch takes less time than writing the file, so only the end is saved.
        if stop || self.state.finished || self.reports_steps() {
            self.save(metadata)?;
        }
        Ok(!stop)
    }

    /// The weights that are validated and saved as the best: the EMA's, if there is one.
    pub(super) fn eval_tensors(&self) -> &NamedTensors {
        match &self.ema {
            Some(ema) => ema.tensors(),
            None => self.model.tensors(),
        }
    }

    /// Metrics on the val split.
    fn validate(&self) -> Result<Metrics> {
        let probabilities = self
            .data
            .validate(&self.model, self.eval_tensors(), self.progress)?;
        let is_finite = |p: &Probabilities| p.iter().all(|value| value.is_finite());
        if !probabilities.iter().all(is_finite) {
            let problem = "the probabilities of validation images are NaN".to_owned();
            return Err(diverged(problem, self.state.epoch, self.reports_steps()));
        }
        Ok(metrics::score(
            self.run.dataset.info.classes,
            &self.val_labels,
            &probabilities,
        ))
    }

    fn checkpoint(&self, tensors: &NamedTensors, metadata: CheckpointMetadata) -> Checkpoint {
        Checkpoint {
            novelty: None,
            tensors: snapshot(tensors),
            metadata,
        }
    }

    /// Saves everything that is needed to resume: the weights of the last step (not the average), the states of
    /// optimizer and average, and the train state.
    pub(super) fn save(&self, metadata: CheckpointMetadata) -> Result<()> {
        let last = self.checkpoint(self.model.tensors(), metadata);
        let ema = self.ema.as_ref();
        let folder = self.run.folder;
        train_state::save(&folder.path(), &last, &self.optimizer, ema, &self.state)?;
        folder.saved()
    }
}
