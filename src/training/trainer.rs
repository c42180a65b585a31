//! The training loop: optimizer steps and epochs. `end_of_epoch` contains validation, history and checkpoints.

mod checks;
mod end_of_epoch;

use std::sync::atomic::Ordering;
use std::time::Instant;

use self::checks::{
    refuse_diverged_weights, refuse_divergence, refuse_empty, refuse_single_values,
    warn_double_balancing,
};
use super::checkpointing::metadata;
use super::checkpointing::train_state::{self, TrainState};
use super::config::Phase;
use super::data::batches::{Batch, TrainingData};
use super::data::sampling::{self, Sampling};
use super::ema::ModelEma;
use super::history::{self, Epoch};
use super::initial_model::InitialModel;
use super::loss::Loss;
use super::optim::clip_grad_norm::clip_grad_norm;
use super::optim::optimizer::Optimizer;
use super::optim::param_groups;
use super::run::{TrainingResult, TrainingRun};
use super::{class_weights, early_stopping, lr_schedule};
use crate::dataset::Split;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::libtorch::manual_seed::manual_seed;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::output;
use crate::progress::Progress;
use crate::{Class, Result};

/// A training run in progress.
pub struct Trainer<'a> {
    run: &'a TrainingRun<'a>,
    progress: &'a dyn Progress,
    metadata: CheckpointMetadata,
    data: TrainingData<'a>,
    model: MobileNetV2,
    optimizer: Optimizer,
    ema: Option<ModelEma>,
    loss: Loss,
    train_labels: Vec<Class>,
    val_labels: Vec<Class>,
    sampling: Sampling,
    /// The number of training images of each class, from which the class weights are computed.
    train_images_of_classes: Vec<f64>,
    state: TrainState,
    history: Vec<Epoch>,
}

impl<'a> Trainer<'a> {
    /// Prepares the first step of a run, or restores the saved state of a run that is resumed.
    pub fn new(
        run: &'a TrainingRun<'a>,
        initial_model: InitialModel,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let TrainingRun {
            dataset, config, ..
        } = *run;
        let rows = [
            sampling::training_rows(dataset, config),
            dataset.split_rows(Split::Val),
        ];
        refuse_empty(dataset, &rows)?;
        class_weights::refuse_unknown(config, dataset.info.classes)?;
        let metadata = metadata::metadata(run, &initial_model, &rows)?;
        let mut model = initial_model.model;
        let mut optimizer = param_groups::optimizer(&model, config);
        let mut ema = ModelEma::new(config, model.tensors());
        let mut state = TrainState::default();
        let mut history = Vec::new();
        if run.resume {
            let folder = run.folder.path();
            state = train_state::restore(
                dataset.info.classes,
                &folder,
                &mut model,
                &mut optimizer,
                ema.as_mut(),
            )?;
            history = history::read(&folder, state.epoch - 1)?;
            if run.extended {
                state.extend();
            }
        }
        let labels = |rows: &[usize]| {
            rows.iter()
                .map(|&row| dataset.rows[row].sample.dx)
                .collect()
        };
        let [train_labels, val_labels]: [Vec<Class>; 2] = [labels(&rows[0]), labels(&rows[1])];
        early_stopping::refuse_undefined(config, dataset.info.classes, &val_labels)?;
        warn_double_balancing(config, progress);
        let sampling = Sampling::new(dataset, config, &rows[0]);
        let steps = sampling
            .order(state.epoch)
            .len()
            .div_ceil(config.batch_size);
        state.refuse_impossible(&run.folder.path(), config.epochs, steps)?;
        let smallest_batch = rows[0].len() / steps;
        refuse_single_values(config, smallest_batch, dataset.info.resize.size as usize)?;
        let train_images_of_classes = sampling.images_of_classes();
        let class_weights =
            class_weights::resolve(config, dataset.info.classes, &train_images_of_classes);
        Ok(Self {
            loss: Loss::new(config, &class_weights, model.device()),
            sampling,
            train_images_of_classes,
            data: TrainingData::new(dataset, config, rows, &model, run.stop, progress)?
                .with_teacher(initial_model.teacher),
            run,
            progress,
            metadata,
            model,
            optimizer,
            ema,
            train_labels,
            val_labels,
            state,
            history,
        })
    }

    /// Whether the last epoch is finished.
    pub fn finished(&self) -> bool {
        self.state.finished
    }

    /// The number of finished epochs.
    pub fn epochs(&self) -> usize {
        self.state.epoch - 1
    }

    /// The finished epochs, but those whose rows were removed before the run was resumed.
    pub fn history(&self) -> &[Epoch] {
        &self.history
    }

    /// Trains the rest of the current epoch. Returns false if the run was stopped before its end.
    pub fn epoch(&mut self) -> Result<bool> {
        Ok(self.steps()? && self.end_epoch()?)
    }

    /// Makes the remaining steps of the current epoch. Saves and returns false if the run was stopped.
    fn steps(&mut self) -> Result<bool> {
        let config = self.run.config;
        let weights = class_weights::in_epoch(
            config,
            self.run.dataset.info.classes,
            &self.train_images_of_classes,
            self.state.epoch,
        );
        self.loss.set_weights(&weights);
        let order = self.order();
        let repeats = self.sampling.repeats(&order);
        let steps = order.len().div_ceil(config.batch_size);
        // Batch sizes differ by at most one: a small last batch would disturb BatchNorm.
        let batch_start = |step: usize| step * order.len() / steps;
        if self.reports_steps() {
            let task = format!("epoch {}/{}", self.state.epoch, config.epochs);
            self.progress.start(&task, self.images_per_epoch() as u64);
            self.progress.advance(batch_start(self.state.step) as u64);
        }
        let (started, earlier_seconds) = (Instant::now(), self.state.seconds);
        while self.state.step < steps {
            let step = self.state.step;
            let of_batch = batch_start(step)..batch_start(step + 1);
            let count = of_batch.len();
            let time = (self.state.epoch - 1) as f64 + (step + 1) as f64 / steps as f64;
            let loss = self.step(&order[of_batch.clone()], &repeats[of_batch], time)?;
            self.state.step += 1;
            self.state.seconds = earlier_seconds + started.elapsed().as_secs_f64();
            if self.reports_steps() {
                self.progress.advance(count as u64);
                self.progress.detail(&format!("loss {loss:.3}"));
            }
            if self.run.stop.load(Ordering::Relaxed) {
                self.refuse_diverged_weights()?;
                self.save(self.metadata.clone())?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes one optimizer step on a batch, at a time in epochs from the start of training. Returns the loss.
    fn step(&mut self, indices: &[usize], repeats: &[usize], time: f64) -> Result<f64> {
        let config = self.run.config;
        let TrainState {
            epoch,
            step,
            plateau,
            ..
        } = self.state;
        let rate = |peak: f64| lr_schedule::rate(config, peak, time, plateau);
        let base_rate = rate(config.base_learning_rate.unwrap_or(0.0));
        let head_rate = rate(config.learning_rate);
        let seed = sampling::step_seed(config.seed, epoch, step);
        manual_seed(seed)?;
        let labels: Vec<Class> = (indices.iter())
            .map(|&index| self.train_labels[index])
            .collect();
        let batch = Batch {
            indices,
            repeats,
            labels: &labels,
            epoch,
            seed: seed as u64,
        };

        let (logits, target) = self.data.forward(&self.model, &batch)?;
        let loss = self.loss.compute(&logits, &target);
        let value = loss.double_value(&[]);
        refuse_divergence(value, epoch, self.reports_steps())?;
        self.optimizer.zero_grad();
        loss.backward();
        if config.clip_grad_norm > 0.0 {
            clip_grad_norm(self.model.tensors().values(), config.clip_grad_norm);
        }
        self.optimizer.step(&[base_rate, head_rate]);
        if let Some(ema) = &mut self.ema {
            ema.update(self.model.tensors(), self.optimizer.steps());
        }

        self.state.probabilities.extend(output::probabilities(
            self.run.dataset.info.classes,
            &logits,
        )?);
        Ok(value)
    }

    /// Refuses weights of the model or of its EMA that are infinite or NaN.
    fn refuse_diverged_weights(&self) -> Result<()> {
        for tensors in [self.model.tensors(), self.eval_tensors()] {
            refuse_diverged_weights(tensors, self.state.epoch, self.reports_steps())?;
        }
        Ok(())
    }

    /// Indices of the training examples in the order of the current epoch.
    fn order(&self) -> Vec<usize> {
        self.sampling.order(self.state.epoch)
    }

    /// Whether the current epoch ends with a validation.
    fn validates(&self) -> bool {
        !self.val_labels.is_empty() && self.may_be_kept()
    }

    /// Whether the weights after the current epoch are candidates for the best checkpoint.
    fn may_be_kept(&self) -> bool {
        let (config, epoch) = (self.run.config, self.state.epoch);
        epoch.is_multiple_of(config.validate_every) || epoch == config.epochs
    }

    /// Images that pass through the network in the current epoch, validation included; for the progress bar.
    fn images_per_epoch(&self) -> usize {
        let validated = match self.validates() {
            true => self.val_labels.len(),
            false => 0,
        };
        self.train_labels.len() + validated
    }

    /// Whether single steps are reported and every epoch is saved. In the transfer phase, which trains the head on
    /// cached features, an epoch takes milliseconds.
    fn reports_steps(&self) -> bool {
        self.run.config.phase == Phase::Finetune
    }

    /// The result of the run.
    pub fn into_result(self, interrupted: bool) -> TrainingResult {
        TrainingResult {
            best: self.state.best,
            history: self.history,
            interrupted,
            classes: self.run.dataset.info.classes,
            class_weights: class_weights::resolve(
                self.run.config,
                self.run.dataset.info.classes,
                &self.train_images_of_classes,
            ),
            train_images: self.train_labels.len(),
            val_images: self.val_labels.len(),
        }
    }
}
