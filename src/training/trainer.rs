//! The training loop: steps, epochs, and what is written after each.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::checkpointing::metadata;
use super::checkpointing::train_state;
use super::checkpointing::train_state::TrainState;
use super::config::{ClassWeights, Phase, Sampler, WeightRule};
use super::data::batches::{Step, TrainingData};
use super::data::sampling;
use super::ema::ModelEma;
use super::history;
use super::history::Epoch;
use super::initial_model::InitialModel;
use super::loss::Loss;
use super::optim::optimizer::Optimizer;
use super::optim::param_groups;
use super::run::{TrainingResult, TrainingRun};
use super::{class_weights, early_stopping, lr_schedule};
use crate::dataset::{Dataset, Split};
use crate::metrics;
use crate::metrics::Metrics;
use crate::model::checkpoint::Checkpoint;
use crate::model::checkpoint_metadata::{BEST_FILE, CheckpointMetadata};
use crate::model::libtorch::memory;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::model::output;
use crate::model::state_dict::{NamedTensors, snapshot};
use crate::progress::Progress;
use crate::{Diagnosis, Error, Result};

/// A run under way.
pub struct Trainer<'a> {
    run: &'a TrainingRun<'a>,
    progress: &'a dyn Progress,
    metadata: CheckpointMetadata,
    data: TrainingData<'a>,
    model: MobileNetV2,
    optimizer: Optimizer,
    ema: Option<ModelEma>,
    loss: Loss,
    train_truths: Vec<Diagnosis>,
    val_truths: Vec<Diagnosis>,
    class_weights: [f64; Diagnosis::COUNT],
    state: TrainState,
    history: Vec<Epoch>,
}

/// Whether an epoch's steps were all made.
#[derive(PartialEq)]
enum Steps {
    Done,
    Stopped,
}

impl<'a> Trainer<'a> {
    /// Gets ready for the first step, or for the one after the last that was saved.
    pub fn new(
        run: &'a TrainingRun<'a>,
        start: InitialModel,
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
        let metadata = metadata::metadata(run, &start, &rows);
        let mut model = start.model;
        let mut optimizer = param_groups::optimizer(&model, config);
        let mut ema = ModelEma::new(config, model.tensors());
        let mut state = TrainState::default();
        let mut history = Vec::new();
        if run.resume {
            state = train_state::restore(run.folder, &mut model, &mut optimizer, ema.as_mut())?;
            history = history::read(run.folder, state.epoch - 1)?;
        }
        let truths = |rows: &[usize]| {
            rows.iter()
                .map(|&row| dataset.rows[row].sample.dx)
                .collect()
        };
        let [train_truths, val_truths]: [Vec<Diagnosis>; 2] = [truths(&rows[0]), truths(&rows[1])];
        if config.sampler != Sampler::Natural
            && config.class_weights != ClassWeights::Rule(WeightRule::None)
        {
            progress.warn(
                "both sampler and class_weights raise the rare classes, so they count twice; \
                 class_weights=none leaves it to the sampler",
            );
        }
        let counts = sampling::count(&train_truths);
        let class_weights = class_weights::resolve(config, &counts);
        let order = sampling::order(&train_truths, config.sampler, config.seed, 1);
        let seen = order.iter().map(|&at| train_truths[at]);
        let seen = sampling::count(&seen.collect::<Vec<_>>());
        Ok(Self {
            loss: Loss::new(config, &class_weights, &seen, model.device()),
            class_weights,
            data: TrainingData::new(dataset, config, rows, &model, run.stop, progress)?
                .with_teacher(start.teacher),
            run,
            progress,
            metadata,
            model,
            optimizer,
            ema,
            train_truths,
            val_truths,
            state,
            history,
        })
    }

    /// Whether the run has come to its end.
    pub fn finished(&self) -> bool {
        self.state.finished
    }

    /// Makes what is left of the running epoch. Returns false when told to stop before the run's end.
    pub fn epoch(&mut self) -> Result<bool> {
        Ok(self.steps()? == Steps::Done && self.end_epoch()?)
    }

    /// Makes the steps that the running epoch still lacks. Stops after one when told to, and saves.
    fn steps(&mut self) -> Result<Steps> {
        let config = self.run.config;
        let order = self.order();
        let steps = order.len().div_ceil(config.batch_size);
        // Batches of equal size, give or take one: a small last batch would disturb batch norm.
        let first_of = |step: usize| step * order.len() / steps;
        if self.shows_steps() {
            let task = format!("epoch {}/{}", self.state.epoch, config.epochs);
            self.progress.start(&task, self.images_per_epoch() as u64);
            self.progress.advance(first_of(self.state.step) as u64);
        }
        let (began, earlier) = (Instant::now(), self.state.seconds);
        while self.state.step < steps {
            let step = self.state.step;
            let batch = &order[first_of(step)..first_of(step + 1)];
            let time = (self.state.epoch - 1) as f64 + (step + 1) as f64 / steps as f64;
            let loss = self.step(batch, time)?;
            self.state.step += 1;
            self.state.seconds = earlier + began.elapsed().as_secs_f64();
            if self.shows_steps() {
                self.progress.advance(batch.len() as u64);
                self.progress.detail(&format!("loss {loss:.3}"));
            }
            if self.state.step.is_multiple_of(STEPS_BETWEEN_RELEASES) {
                self.run.dataset.pixels.release();
            }
            if self.run.stop.load(Ordering::Relaxed) {
                self.save(self.metadata.clone())?;
                return Ok(Steps::Stopped);
            }
        }
        Ok(Steps::Done)
    }

    /// One step of the optimizer on a batch; `time` counts epochs from the start. Returns the loss.
    fn step(&mut self, batch: &[usize], time: f64) -> Result<f64> {
        let config = self.run.config;
        let TrainState {
            epoch,
            step,
            plateau,
            ..
        } = self.state;
        let rate = |peak: f64| lr_schedule::rate(config, peak, time, plateau);
        let base = rate(config.base_learning_rate.unwrap_or(0.0));
        let head = rate(config.learning_rate);
        let seed = sampling::step_seed(config.seed, epoch, step);
        tch::manual_seed(seed);
        let truths: Vec<Diagnosis> = batch.iter().map(|&at| self.train_truths[at]).collect();
        let step = Step {
            positions: batch,
            truths: &truths,
            epoch,
            seed: seed as u64,
        };

        let (logits, target) = self.data.step(&self.model, &step)?;
        let loss = self.loss.of(&logits, &target);
        let value = loss.double_value(&[]);
        refuse_divergence(value, epoch)?;
        self.optimizer.zero_grad();
        loss.backward();
        let blocks = self.model.network().blocks.len();
        let learning = blocks - config.trainable(blocks, epoch).first_block;
        let rates = param_groups::rates(config, self.optimizer.groups(), learning, base, head);
        self.optimizer.step(&rates);
        if let Some(ema) = &mut self.ema {
            ema.step_ended(self.model.tensors(), self.optimizer.steps());
        }

        self.state.seen.extend(output::probabilities(&logits)?);
        Ok(value)
    }

    /// Validates, writes the history and the checkpoints and turns to the next epoch. Returns false
    /// when told to stop before the run's end.
    fn end_epoch(&mut self) -> Result<bool> {
        let (config, epoch) = (self.run.config, self.state.epoch);
        let began = Instant::now();
        if let Some(ema) = &mut self.ema {
            ema.epoch_ended(self.model.tensors(), epoch);
        }
        let seen: Vec<Diagnosis> = (self.order().iter())
            .map(|&at| self.train_truths[at])
            .collect();
        let train = metrics::score(&seen, &std::mem::take(&mut self.state.seen));
        let val = match self.validates() {
            true => Some(self.validate()?),
            false => None,
        };
        if self.shows_steps() {
            self.progress.finish();
        }
        let seconds = self.state.seconds + began.elapsed().as_secs_f64();
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
        if let Some(val) = &val {
            improved = early_stopping::update_best(&mut self.state, config, val)?;
            self.state.plateau.epoch_ended(improved, config);
        }
        let patience = config.early_stopping_patience;
        let patience_is_over = patience > 0 && self.state.epochs_without_improvement >= patience;
        self.state.finished = epoch == config.epochs || patience_is_over;
        self.state.epoch += 1;
        if self.shows_steps() {
            memory::return_freed_memory();
        }
        (self.state.step, self.state.seconds) = (0, 0.0);

        let metadata = CheckpointMetadata {
            epoch,
            validation: val.as_ref().map(Metrics::to_map).unwrap_or_default(),
            ..self.metadata.clone()
        };
        if improved {
            let best = self.checkpoint(self.judged(), metadata.clone());
            best.write(&self.run.folder.join(BEST_FILE))?;
        }
        history::write(self.run.folder, &self.history)?;
        let stop = self.run.stop.load(Ordering::Relaxed) && !self.state.finished;
        // An epoch of the head is cheaper than the file: there it is enough to save at the end.
        if stop || self.state.finished || self.shows_steps() {
            self.save(metadata)?;
        }
        Ok(!stop)
    }

    /// The training examples of the running epoch, in order.
    fn order(&self) -> Vec<usize> {
        let config = self.run.config;
        sampling::order(
            &self.train_truths,
            config.sampler,
            config.seed,
            self.state.epoch,
        )
    }

    /// The weights that validation judges and that are kept as the best: the averaged ones, if there are any.
    fn judged(&self) -> &NamedTensors {
        match &self.ema {
            Some(ema) => ema.tensors(),
            None => self.model.tensors(),
        }
    }

    fn validates(&self) -> bool {
        let (config, epoch) = (self.run.config, self.state.epoch);
        epoch.is_multiple_of(config.validate_every) || epoch == config.epochs
    }

    fn validate(&self) -> Result<Metrics> {
        let probabilities = self
            .data
            .validate(&self.model, self.judged(), self.progress)?;
        Ok(metrics::score(&self.val_truths, &probabilities))
    }

    /// Images that pass through the network in the running epoch: what a progress bar counts.
    fn images_per_epoch(&self) -> usize {
        let validated = match self.validates() {
            true => self.val_truths.len(),
            false => 0,
        };
        self.train_truths.len() + validated
    }

    fn checkpoint(&self, tensors: &NamedTensors, metadata: CheckpointMetadata) -> Checkpoint {
        Checkpoint {
            tensors: snapshot(tensors),
            metadata,
        }
    }

    /// Saves all that it takes to go on: the weights of the last step, not the averaged ones, and both states.
    fn save(&self, metadata: CheckpointMetadata) -> Result<()> {
        let last = self.checkpoint(self.model.tensors(), metadata);
        let ema = self.ema.as_ref();
        train_state::save(self.run.folder, &last, &self.optimizer, ema, &self.state)
    }

    /// An epoch of the head is over before a bar is drawn.
    fn shows_steps(&self) -> bool {
        self.run.config.phase == Phase::Finetune
    }

    /// What came of the run.
    pub fn ended(self, interrupted: bool) -> TrainingResult {
        TrainingResult {
            best: self.state.best,
            history: self.history,
            interrupted,
            class_weights: self.class_weights,
            train_images: self.train_truths.len(),
            val_images: self.val_truths.len(),
        }
    }
}

/// Images touched in between are all that stays in memory: 20 MB at 32 images of 224 pixels a step.
const STEPS_BETWEEN_RELEASES: usize = 4;

/// Refuses a loss that is not a number any more, which no later epoch would mend.
fn refuse_divergence(loss: f64, epoch: usize) -> Result<()> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(Error::input(
        format!("epoch {epoch}"),
        "the loss is no longer a number: training has diverged",
        "Lower learning_rate (and base_learning_rate), or give warmup_epochs; earlier epochs are kept.",
    ))
}

/// Refuses a dataset that lacks a part which training needs.
fn refuse_empty(dataset: &Dataset, rows: &[Vec<usize>; 2]) -> Result<()> {
    for (part, rows) in [Split::Train, Split::Val].into_iter().zip(rows) {
        if rows.is_empty() {
            return Err(Error::file(
                &dataset.path,
                format!("its {part} part is empty, and training needs it"),
                "Prepare the dataset with shares for all parts.",
            ));
        }
    }
    Ok(())
}
