//! Schedules of the learning rate over a run.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::config::{ScheduleKind, TrainingConfig};

/// State of the plateau schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Current factor of the learning rates.
    pub factor: f64,
    /// Epochs since the last improvement or reduction.
    #[serde(alias = "stalled")]
    pub num_bad_epochs: usize,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            factor: 1.0,
            num_bad_epochs: 0,
        }
    }
}

impl Plateau {
    /// Counts the epochs up to a validated one, and lowers the factor after `plateau_patience` epochs without
    /// improvement: as Keras's ReduceLROnPlateau, one epoch before torch's with the same patience.
    pub fn epoch_validated(&mut self, epoch: usize, improved: bool, config: &TrainingConfig) {
        let epochs = match epoch % config.validate_every.max(1) {
            0 => config.validate_every,
            since_the_last => since_the_last, // the last epoch of a run is always validated
        };
        self.num_bad_epochs = if improved {
            0
        } else {
            self.num_bad_epochs + epochs
        };
        if self.num_bad_epochs > 0 && self.num_bad_epochs >= config.plateau_patience {
            self.factor *= config.plateau_factor;
            self.num_bad_epochs = 0;
        }
    }
}

/// The learning rate at a time in epochs (0 to `config.epochs`), for a parameter group whose peak rate is `peak`.
pub fn rate(config: &TrainingConfig, peak: f64, time: f64, plateau: Plateau) -> f64 {
    let warmup = config.warmup_epochs;
    if time < warmup {
        return peak * time / warmup;
    }
    let floor = config.min_learning_rate.min(peak);
    match config.schedule {
        ScheduleKind::Constant => peak,
        ScheduleKind::Plateau => (peak * plateau.factor).max(floor),
        ScheduleKind::Cosine => {
            let length = (config.epochs as f64 - warmup).max(f64::MIN_POSITIVE);
            let progress = ((time - warmup) / length).clamp(0.0, 1.0);
            floor + (peak - floor) * (1.0 + (PI * progress).cos()) / 2.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Phase;
    use crate::training::config::resolve;

    fn config(changes: &[&str]) -> TrainingConfig {
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        resolve::resolve(Phase::Finetune, None, &changes).unwrap()
    }

    #[test]
    fn cosine_rises_during_warmup_and_ends_at_the_minimum() {
        let config = config(&["epochs=11", "warmup_epochs=1", "min_learning_rate=0.001"]);
        let at = |time| rate(&config, 0.1, time, Plateau::default());
        assert_eq!(at(0.5), 0.05);
        assert!((at(1.0) - 0.1).abs() < 1e-12);
        assert!((at(6.0) - 0.0505).abs() < 1e-12);
        assert!((at(11.0) - 0.001).abs() < 1e-12);
    }

    #[test]
    fn a_plateau_reduces_the_rate_after_its_patience() {
        let config = config(&[
            "schedule=plateau",
            "monitor=macro_f1",
            "warmup_epochs=0",
            "plateau_patience=2",
        ]);
        let mut plateau = Plateau::default();
        for (epoch, improved) in (1..).zip([true, false, true, false, false]) {
            plateau.epoch_validated(epoch, improved, &config);
        }
        assert_eq!(rate(&config, 0.1, 5.0, plateau), 0.05);
    }

    #[test]
    fn a_plateau_counts_epochs_of_which_not_all_are_validated() {
        let config = config(&[
            "schedule=plateau",
            "monitor=macro_f1",
            "plateau_patience=6",
            "validate_every=4",
            "epochs=14",
        ]);
        let mut plateau = Plateau::default();
        let mut bad = Vec::new();
        for (epoch, improved) in [(4, true), (8, false), (12, false), (14, false)] {
            plateau.epoch_validated(epoch, improved, &config);
            bad.push(plateau.num_bad_epochs);
        }
        assert_eq!(
            (bad, plateau.factor),
            (vec![0, 4, 0, 2], config.plateau_factor)
        );
    }
}
