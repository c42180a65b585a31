//! Validation of a configuration, before training starts.

use super::{ClassWeights, Phase, ScheduleKind, TrainableBlocksSetting, TrainingConfig};
use crate::metrics::{Metrics, RECALL};
use crate::model::architecture::Architecture;
use crate::training::early_stopping::LAST;
use crate::{Error, Result};

impl TrainingConfig {
    /// The configuration of a run without validation: the last epoch is kept.
    ///
    /// # Errors
    /// Settings that need validation metrics.
    pub fn without_validation(self) -> Result<Self> {
        let needs = match () {
            () if self.schedule == ScheduleKind::Plateau => "schedule = plateau",
            () if self.early_stopping_patience > 0 => "early_stopping_patience",
            () => {
                return Ok(Self {
                    monitor: LAST.to_owned(),
                    ..self
                });
            }
        };
        Err(Error::input(
            needs,
            "it needs a validation split, and a run on all folds has none",
            "Choose another schedule and no early stopping, or validate on one fold: --fold 0.",
        ))
    }

    /// Refuses values out of range, and reports all of them at once.
    pub fn validate(&self) -> Result<()> {
        let mut problems = Problems::default();
        self.validate_training(&mut problems);
        self.validate_optimizer(&mut problems);
        self.validate_monitor(&mut problems);
        self.validate_class_weights(&mut problems);
        self.validate_images(&mut problems);
        problems.into_result(self.phase)
    }

    /// Refuses values that contradict each other. Checkpoints of older versions may have such, so this is for new runs
    /// only.
    pub fn refuse_contradictions(&self) -> Result<()> {
        let mut problems = Problems::default();
        let lowers_rate = self.schedule != ScheduleKind::Constant;
        problems.require(
            !lowers_rate || self.min_learning_rate <= self.learning_rate,
            "min_learning_rate",
            &format!("at most learning_rate, which is {:e}", self.learning_rate),
        );
        problems.require(
            self.warmup_epochs <= self.epochs as f64,
            "warmup_epochs",
            &format!("at most epochs, which is {}", self.epochs),
        );
        problems.into_result(self.phase)
    }

    /// The network, the length of the run, and its regularization.
    fn validate_training(&self, problems: &mut Problems) {
        let widths = Architecture::WIDTHS.contains(&self.width);
        problems.require(widths, "width", "from 0.1 to 4");
        for (key, is_valid) in [
            ("epochs", self.epochs > 0),
            ("batch_size", self.batch_size > 0),
            ("validate_every", self.validate_every > 0),
            ("feature_views", self.feature_views != Some(0)),
        ] {
            problems.require(is_valid, key, "at least 1");
        }
        for (key, value) in [
            ("label_smoothing", self.label_smoothing),
            ("dropout", self.dropout),
            ("ema_decay", self.ema_decay),
        ] {
            problems.require(is_fraction(value), key, "from 0 to below 1");
        }
        // Outside this range, sampling the mixing coefficients would hardly ever accept a draw.
        let mixes = self.mixup == 0.0 || (0.01..=4.0).contains(&self.mixup);
        problems.require(mixes, "mixup", "0, or from 0.01 to 4");
        let blocks = Architecture::new(2).network().blocks.len();
        let is_valid = match self.trainable_blocks {
            Some(TrainableBlocksSetting::Last(count)) => count <= blocks,
            _ => true,
        };
        let range = format!("all, or 0 to {blocks}");
        problems.require(is_valid, "trainable_blocks", &range);
        let share = (0.0..=1.0).contains(&self.distillation_alpha);
        problems.require(share, "distillation_alpha", "from 0 to 1");
        let temperature = is_positive(self.teacher_temperature);
        problems.require(temperature, "teacher_temperature", "above 0");
    }

    /// The optimizer and the schedule of the learning rate.
    fn validate_optimizer(&self, problems: &mut Problems) {
        let rate = is_positive(self.learning_rate);
        problems.require(rate, "learning_rate", "above 0");
        let rate = self.base_learning_rate.is_none_or(is_positive);
        problems.require(rate, "base_learning_rate", "above 0");
        for (key, value) in [
            ("weight_decay", self.weight_decay),
            ("warmup_epochs", self.warmup_epochs),
            ("min_learning_rate", self.min_learning_rate),
            ("clip_grad_norm", self.clip_grad_norm),
        ] {
            let is_valid = value >= 0.0 && value.is_finite();
            problems.require(is_valid, key, "0 or more");
        }
        problems.require(is_fraction(self.momentum), "momentum", "from 0 to below 1");
        let factor = self.plateau_factor > 0.0 && self.plateau_factor < 1.0;
        problems.require(factor, "plateau_factor", "between 0 and 1");
    }

    /// The metric that chooses the epoch.
    fn validate_monitor(&self, problems: &mut Problems) {
        let monitors_last = self.monitor == LAST;
        let is_known = monitors_last
            || Metrics::NAMES.contains(&self.monitor.as_str())
            || self.monitor.starts_with(RECALL);
        let names = Metrics::NAMES.join(", ");
        let names = format!("one of {names}, {RECALL}CODE of a class, {LAST}");
        problems.require(is_known, "monitor", &names);
        let needs_metric =
            self.schedule == ScheduleKind::Plateau || self.early_stopping_patience > 0;
        problems.require(
            !(monitors_last && needs_metric),
            "monitor",
            "a validation metric if schedule is plateau or early_stopping_patience is set",
        );
    }

    /// Weights of the classes.
    fn validate_class_weights(&self, problems: &mut Problems) {
        match &self.class_weights {
            ClassWeights::Table(table) => {
                let is_valid = table.values().all(|&weight| is_positive(weight));
                problems.require(is_valid, "class_weights", "above 0 for every class named");
            }
            ClassWeights::Power(power) => {
                let is_valid = (0.0..=2.0).contains(power);
                problems.require(is_valid, "class_weights", "a power from 0 to 2");
            }
            ClassWeights::Rule(_) => {}
        }
        let factors = self.class_factors.values().copied().all(is_positive);
        problems.require(factors, "class_factors", "above 0 for every class named");
        let (start, end) = (self.reweighting_start, self.reweighting_end);
        problems.require(
            0.0 <= start && start <= end && end <= 1.0,
            "reweighting_start and reweighting_end",
            "from 0 to 1, the end not before the start",
        );
    }

    /// The size of training images, and their augmentation.
    fn validate_images(&self, problems: &mut Problems) {
        for (key, size) in [
            ("first_size", self.first_size),
            ("last_size", self.last_size),
        ] {
            let is_valid = size == 0 || (32..=1024).contains(&size);
            problems.require(is_valid, key, "0, or from 32 to 1024");
        }
        let rotation = (0.0..=180.0).contains(&self.augment.rotation);
        problems.require(rotation, "augment.rotation", "from 0 to 180");
        for (key, value) in self.augment.shares() {
            let key = format!("augment.{key}");
            problems.require(is_fraction(value), &key, "from 0 to below 1");
        }
    }
}

/// What is wrong with a configuration.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn require(&mut self, is_valid: bool, key: &str, range: &str) {
        if !is_valid {
            self.0.push(format!("{key} must be {range}"));
        }
    }

    /// All problems as one error.
    fn into_result(self, phase: Phase) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Error::input(
            format!("the configuration of the {phase} phase"),
            self.0.join("; "),
            "Change the flags, the --config file, or --set key=value.",
        ))
    }
}

fn is_fraction(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

fn is_positive(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

#[cfg(test)]
mod tests {
    use crate::training::config::{Phase, resolve};

    #[test]
    fn values_that_contradict_each_other_are_refused() {
        let error = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|&one| one.to_owned()).collect();
            let resolved = resolve::resolve(Phase::Finetune, None, &settings);
            resolved.err().map(|error| error.to_string())
        };
        for schedule in ["schedule=cosine", "schedule=plateau"] {
            let settings = [schedule, "monitor=accuracy", "min_learning_rate=0.01"];
            let error = error(&settings).unwrap();
            assert!(
                error.contains("min_learning_rate must be at most learning_rate"),
                "{error}"
            );
        }
        assert_eq!(
            error(&["schedule=constant", "min_learning_rate=0.01"]),
            None
        );
        assert_eq!(
            error(&["min_learning_rate=0.001", "learning_rate=0.001"]),
            None
        );
        let longer = error(&["epochs=2", "warmup_epochs=3"]).unwrap();
        assert!(
            longer.contains("warmup_epochs must be at most epochs, which is 2"),
            "{longer}"
        );
        assert_eq!(error(&["epochs=1"]), None);
    }
}
