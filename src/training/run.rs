//! The training loop, the same for both phases.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tch::{Reduction, Tensor};

use super::config::{Phase, TrainingConfig};
use super::history::{self, Epoch};
use super::learner::Learner;
use super::optimizer::Optimizer;
use super::resume::{self, Position};
use super::start::Start;
use super::{class_weights, sampling, schedule};
use crate::dataset::{Dataset, Part};
use crate::metrics::{self, Metrics};
use crate::model::checkpoint::{self, About, BEST_FILE, Checkpoint, lesion_hash};
use crate::model::inference;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::progress::Progress;
use crate::{Diagnosis, Error, Result};

/// A run to be made.
pub struct Run<'a> {
    /// The data.
    pub dataset: &'a Dataset,
    /// The settings.
    pub config: &'a TrainingConfig,
    /// The checkpoint folder, which exists.
    pub folder: &'a Path,
    /// Whether to go on from the folder's last checkpoint.
    pub resume: bool,
    /// Set from outside to stop after the step.
    pub stop: &'a AtomicBool,
}

/// How a run ended.
pub struct Ended {
    /// The best epoch, and the figure that chose it.
    pub best: Option<(usize, f64)>,
    /// Every epoch that was finished.
    pub history: Vec<Epoch>,
    /// Whether it was stopped from outside.
    pub interrupted: bool,
    /// The weights of the classes in the loss.
    pub class_weights: [f64; Diagnosis::COUNT],
    /// Images trained on.
    pub train_images: usize,
    /// Images validated on.
    pub val_images: usize,
}

/// Trains, writing the best and the last checkpoint and the history into the folder.
pub fn run(run: &Run, start: Start, progress: &dyn Progress) -> Result<Ended> {
    let mut trainer = Trainer::new(run, start, progress)?;
    progress.say(Epoch::header());
    while !trainer.position.finished {
        let goes_on = trainer.steps()? == Steps::Done && trainer.end_epoch()?;
        if !goes_on {
            return Ok(trainer.ended(true));
        }
    }
    history::draw(run.folder, &trainer.history)?;
    Ok(trainer.ended(false))
}

/// A run under way.
struct Trainer<'a> {
    run: &'a Run<'a>,
    progress: &'a dyn Progress,
    about: About,
    learner: Learner<'a>,
    model: MobileNetV2,
    optimizer: Optimizer,
    train_truths: Vec<Diagnosis>,
    val_truths: Vec<Diagnosis>,
    class_weights: [f64; Diagnosis::COUNT],
    position: Position,
    history: Vec<Epoch>,
    /// The head's learning rate in the last step, for the history.
    rate: f64,
}

/// Whether an epoch's steps were all made.
#[derive(PartialEq)]
enum Steps {
    Done,
    Stopped,
}

impl<'a> Trainer<'a> {
    fn new(run: &'a Run<'a>, start: Start, progress: &'a dyn Progress) -> Result<Self> {
        let Run {
            dataset, config, ..
        } = *run;
        let rows = [
            sampling::training_rows(dataset, config),
            dataset.part(Part::Val),
        ];
        refuse_empty(dataset, &rows)?;
        let about = about(run, &start, &rows);
        let mut model = start.model;
        let mut optimizer = optimizer(&model, config);
        let mut position = Position::default();
        let mut history = Vec::new();
        if run.resume {
            position = resume::restore(run.folder, &mut model, &mut optimizer)?;
            history = history::read(run.folder, position.epoch - 1)?;
        }
        let truths = |rows: &[usize]| {
            rows.iter()
                .map(|&row| dataset.rows[row].sample.dx)
                .collect()
        };
        let [train_truths, val_truths]: [Vec<Diagnosis>; 2] = [truths(&rows[0]), truths(&rows[1])];
        Ok(Self {
            class_weights: class_weights::resolve(
                &config.class_weights,
                &sampling::count(&train_truths),
            ),
            learner: Learner::new(dataset, config, rows, &model, run.stop, progress)?,
            run,
            progress,
            about,
            model,
            optimizer,
            train_truths,
            val_truths,
            position,
            history,
            rate: 0.0,
        })
    }

    /// Makes the steps that the running epoch still lacks. Stops after one when told to, and saves.
    fn steps(&mut self) -> Result<Steps> {
        let config = self.run.config;
        let order = sampling::shuffled(self.train_truths.len(), config.seed, self.position.epoch);
        let steps = order.len().div_ceil(config.batch_size);
        // Batches of equal size, give or take one: a small last batch would disturb batch norm.
        let first_of = |step: usize| step * order.len() / steps;
        if self.shows_steps() {
            let task = format!("epoch {}/{}", self.position.epoch, config.epochs);
            self.progress
                .start(&task, self.learner.images_per_epoch() as u64);
            self.progress.advance(first_of(self.position.step) as u64);
        }
        let (began, earlier) = (Instant::now(), self.position.seconds);
        while self.position.step < steps {
            let step = self.position.step;
            let batch = &order[first_of(step)..first_of(step + 1)];
            let time = (self.position.epoch - 1) as f64 + (step + 1) as f64 / steps as f64;
            let loss = self.step(batch, time)?;
            self.position.step += 1;
            self.position.seconds = earlier + began.elapsed().as_secs_f64();
            if self.shows_steps() {
                self.progress.advance(batch.len() as u64);
                self.progress.detail(&format!("loss {loss:.3}"));
            }
            if self.run.stop.load(Ordering::Relaxed) {
                self.save(&self.checkpoint(self.about.clone()))?;
                return Ok(Steps::Stopped);
            }
        }
        Ok(Steps::Done)
    }

    /// One step of the optimizer on a batch; `time` counts epochs from the start. Returns the loss.
    fn step(&mut self, batch: &[usize], time: f64) -> Result<f64> {
        let config = self.run.config;
        let Position {
            epoch,
            step,
            plateau,
            ..
        } = self.position;
        let peaks = [
            config.base_learning_rate.unwrap_or(0.0),
            config.learning_rate,
        ];
        let rates = peaks.map(|peak| schedule::rate(config, peak, time, plateau));
        tch::manual_seed(sampling::step_seed(config.seed, epoch, step));
        let device = self.model.device();
        let labels: Vec<i64> = batch
            .iter()
            .map(|&at| self.train_truths[at].index() as i64)
            .collect();
        let weights = self.class_weights.map(|weight| weight as f32);

        let logits = self.learner.training_logits(&self.model, batch, epoch)?;
        let loss = logits.cross_entropy_loss(
            &Tensor::from_slice(&labels).to_device(device),
            Some(Tensor::from_slice(&weights).to_device(device)),
            Reduction::Mean,
            NO_LABEL_IGNORED,
            config.label_smoothing,
        );
        let value = loss.double_value(&[]);
        refuse_divergence(value, epoch)?;
        self.optimizer.zero_grad();
        loss.backward();
        self.optimizer.step(&rates);

        self.rate = rates[1];
        self.position
            .seen
            .extend(inference::probabilities(&logits)?);
        Ok(value)
    }

    /// Validates, writes the history and the checkpoints and turns to the next epoch. Returns false
    /// when told to stop before the run's end.
    fn end_epoch(&mut self) -> Result<bool> {
        let (config, epoch) = (self.run.config, self.position.epoch);
        let began = Instant::now();
        let order = sampling::shuffled(self.train_truths.len(), config.seed, epoch);
        let seen: Vec<Diagnosis> = order.iter().map(|&at| self.train_truths[at]).collect();
        let train = metrics::score(&seen, &std::mem::take(&mut self.position.seen));
        let val = metrics::score(
            &self.val_truths,
            &self.learner.validate(&self.model, self.progress)?,
        );
        if self.shows_steps() {
            self.progress.finish();
        }
        let seconds = self.position.seconds + began.elapsed().as_secs_f64();
        let row = Epoch::new(epoch, seconds, self.rate, &train, &val);
        self.progress.say(&row.row());
        self.history.push(row);

        let improved = note_best(&mut self.position, config, &val)?;
        self.position.plateau.epoch_ended(improved, config);
        let patience = config.early_stopping_patience;
        let patience_is_over = patience > 0 && self.position.stalled >= patience;
        self.position.finished = epoch == config.epochs || patience_is_over;
        self.position.epoch += 1;
        (self.position.step, self.position.seconds) = (0, 0.0);

        let here = self.checkpoint(About {
            epoch,
            validation: figures(&val),
            ..self.about.clone()
        });
        if improved {
            here.write(&self.run.folder.join(BEST_FILE))?;
        }
        history::write(self.run.folder, &self.history)?;
        let stop = self.run.stop.load(Ordering::Relaxed) && !self.position.finished;
        // An epoch of the head is cheaper than the file: there it is enough to save at the end.
        if stop || self.position.finished || self.shows_steps() {
            self.save(&here)?;
        }
        Ok(!stop)
    }

    fn checkpoint(&self, about: About) -> Checkpoint {
        Checkpoint {
            tensors: self.model.snapshot(),
            about,
        }
    }

    fn save(&self, last: &Checkpoint) -> Result<()> {
        resume::save(self.run.folder, last, &self.optimizer, &self.position)
    }

    /// An epoch of the head is over before a bar is drawn.
    fn shows_steps(&self) -> bool {
        self.run.config.phase == Phase::Finetune
    }

    fn ended(self, interrupted: bool) -> Ended {
        Ended {
            best: self.position.best,
            history: self.history,
            interrupted,
            class_weights: self.class_weights,
            train_images: self.train_truths.len(),
            val_images: self.val_truths.len(),
        }
    }
}

/// What libtorch's loss takes for "no label is left out".
const NO_LABEL_IGNORED: i64 = -100;

/// The optimizer over the base's learning blocks (group 0) and the head (group 1), which from now on
/// require gradients.
fn optimizer(model: &MobileNetV2, config: &TrainingConfig) -> Optimizer {
    let first_block = config.thawed(model.network().blocks.len()).first_block;
    let names = [model.base_parameters(first_block), model.head_parameters()];
    let learning = |name: String| {
        let tensor = model.tensors()[&name].set_requires_grad(true);
        (name, tensor)
    };
    let groups = names.map(|names| names.into_iter().map(learning).collect());
    Optimizer::new(
        config.optimizer,
        config.momentum,
        config.weight_decay,
        groups.into(),
    )
}

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

fn refuse_empty(dataset: &Dataset, rows: &[Vec<usize>; 2]) -> Result<()> {
    for (part, rows) in [Part::Train, Part::Val].into_iter().zip(rows) {
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

fn figures(metrics: &Metrics) -> std::collections::BTreeMap<String, f64> {
    Metrics::NAMES
        .iter()
        .filter_map(|&name| Some((name.to_owned(), metrics.named(name)?)))
        .collect()
}

/// Whether the epoch is the best so far by `select_by`, noting it if so.
fn note_best(position: &mut Position, config: &TrainingConfig, val: &Metrics) -> Result<bool> {
    let value = val.named(&config.select_by).ok_or_else(|| {
        Error::input(
            format!("select_by = {}", config.select_by),
            "this figure is undefined on the validation part",
            "Choose another figure, or prepare a validation part with every class.",
        )
    })?;
    let lower_is_better = config.select_by == "log_loss";
    let improved = position.best.is_none_or(|(_, best)| {
        if lower_is_better {
            value < best
        } else {
            value > best
        }
    });
    position.stalled += 1;
    if improved {
        position.best = Some((position.epoch, value));
        position.stalled = 0;
    }
    Ok(improved)
}

/// What every checkpoint of the run says about itself; epoch and figures are filled in later.
fn about(run: &Run, start: &Start, [train, val]: &[Vec<usize>; 2]) -> About {
    let hashes = |rows: &[usize], earlier: &[String]| {
        let own = rows
            .iter()
            .map(|&row| lesion_hash(&run.dataset.rows[row].sample.lesion_id));
        let mut all: Vec<String> = own.chain(earlier.iter().cloned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    About {
        format_version: checkpoint::FORMAT_VERSION,
        written_by: concat!("skinlesion ", env!("CARGO_PKG_VERSION")).into(),
        classes: Diagnosis::ALL.map(|d| d.code().to_owned()).into(),
        architecture: start.architecture,
        resize: run.dataset.info.resize,
        phase: run.config.phase.name().into(),
        config: run.config.to_toml(),
        dataset: run.dataset.info.hashes.manifest.clone(),
        fold: run.dataset.fold,
        epoch: 0,
        validation: Default::default(),
        training_lesions: hashes(train, &start.training_lesions),
        validation_lesions: hashes(val, &start.validation_lesions),
        initial_weights: start.initial_weights.clone(),
        licence: LICENCE.into(),
    }
}

/// True of whatever images a user trains on; the program cannot know their licence.
const LICENCE: &str = "that of the images it was trained on; HAM10000's is CC BY-NC 4.0 \
    (Tschandl, Rosendahl, Kittler 2018)";
