//! Validation of a configuration, before training starts.

use super::{ClassWeights, Sampler, ScheduleKind, TrainableBlocksSetting, TrainingConfig};
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
        let mut problems = Vec::new();
        let mut require = |is_valid: bool, key: &str, range: &str| {
            if !is_valid {
                problems.push(format!("{key} must be {range}"));
            }
        };
        let is_fraction = |value: f64| (0.0..1.0).contains(&value);
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let not_negative = |value: f64| value >= 0.0 && value.is_finite();
        require(
            Architecture::WIDTHS.contains(&self.width),
            "width",
            "from 0.1 to 4",
        );
        require(self.epochs > 0, "epochs", "at least 1");
        require(self.batch_size > 0, "batch_size", "at least 1");
        require(
            is_fraction(self.label_smoothing),
            "label_smoothing",
            "from 0 to below 1",
        );
        require(is_fraction(self.dropout), "dropout", "from 0 to below 1");
        require(positive(self.learning_rate), "learning_rate", "above 0");
        require(
            self.base_learning_rate.is_none_or(positive),
            "base_learning_rate",
            "above 0",
        );
        require(not_negative(self.weight_decay), "weight_decay", "0 or more");
        require(is_fraction(self.momentum), "momentum", "from 0 to below 1");
        require(
            not_negative(self.warmup_epochs),
            "warmup_epochs",
            "0 or more",
        );
        require(
            not_negative(self.min_learning_rate),
            "min_learning_rate",
            "0 or more",
        );
        require(
            self.plateau_factor > 0.0 && self.plateau_factor < 1.0,
            "plateau_factor",
            "between 0 and 1",
        );
        let monitors_last = self.monitor == LAST;
        let is_known = monitors_last
            || Metrics::NAMES.contains(&self.monitor.as_str())
            || self.monitor.starts_with(RECALL);
        let names = Metrics::NAMES.join(", ");
        let names = format!("one of {names}, {RECALL}CODE of a class, {LAST}");
        require(is_known, "monitor", &names);
        require(
            !monitors_last
                || (self.schedule != ScheduleKind::Plateau && self.early_stopping_patience == 0),
            "monitor",
            "a validation metric if schedule is plateau or early_stopping_patience is set",
        );
        require(self.feature_views != Some(0), "feature_views", "at least 1");
        let blocks = Architecture::new(2).network().blocks.len();
        let is_valid = match self.trainable_blocks {
            Some(TrainableBlocksSetting::Last(count)) => count <= blocks,
            _ => true,
        };
        require(
            is_valid,
            "trainable_blocks",
            &format!("all, or 0 to {blocks}"),
        );
        match &self.class_weights {
            ClassWeights::Table(table) => {
                let is_valid = table.values().all(|&weight| positive(weight));
                require(is_valid, "class_weights", "above 0 for every class named");
            }
            ClassWeights::Power(power) => {
                let is_valid = (0.0..=2.0).contains(power);
                require(is_valid, "class_weights", "a power from 0 to 2");
            }
            ClassWeights::Rule(_) => {}
        }
        require(
            self.class_factors.values().all(|&factor| positive(factor)),
            "class_factors",
            "above 0 for every class named",
        );
        let shares: Vec<f64> = self.source_shares.values().copied().collect();
        require(
            shares.iter().all(|&share| positive(share)) && shares.iter().sum::<f64>() <= 1.0 + 1e-9,
            "source_shares",
            "above 0 for every source named, and at most 1 together",
        );
        require(
            shares.is_empty() || self.sampler == Sampler::Natural,
            "sampler",
            "natural if source_shares is set",
        );
        let (start, end) = (self.reweighting_start, self.reweighting_end);
        require(
            0.0 <= start && start <= end && end <= 1.0,
            "reweighting_start and reweighting_end",
            "from 0 to 1, the end not before the start",
        );
        require(
            not_negative(self.clip_grad_norm),
            "clip_grad_norm",
            "0 or more",
        );
        // Outside this range, sampling the mixing coefficients would hardly ever accept a draw.
        require(
            self.mixup == 0.0 || (0.01..=4.0).contains(&self.mixup),
            "mixup",
            "0, or from 0.01 to 4",
        );
        require(self.validate_every > 0, "validate_every", "at least 1");
        for (key, size) in [
            ("first_size", self.first_size),
            ("last_size", self.last_size),
        ] {
            let is_valid = size == 0 || (32..=1024).contains(&size);
            require(is_valid, key, "0, or from 32 to 1024");
        }
        require(
            is_fraction(self.ema_decay),
            "ema_decay",
            "from 0 to below 1",
        );
        require(
            (0.0..=1.0).contains(&self.distillation_alpha),
            "distillation_alpha",
            "from 0 to 1",
        );
        require(
            positive(self.teacher_temperature),
            "teacher_temperature",
            "above 0",
        );
        require(
            (0.0..=180.0).contains(&self.augment.rotation),
            "augment.rotation",
            "from 0 to 180",
        );
        for (key, value) in self.augment.shares() {
            require(
                is_fraction(value),
                &format!("augment.{key}"),
                "from 0 to below 1",
            );
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::input(
            format!("the configuration of the {} phase", self.phase),
            problems.join("; "),
            "Change the values in the --config file, or with --set key=value.",
        ))
    }
}
