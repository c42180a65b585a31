//! How the learning rate changes over a run.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::config::{ScheduleKind, TrainingConfig};

/// What a plateau schedule remembers between epochs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// What the rates are multiplied by now.
    pub factor: f64,
    /// Epochs since the last improvement or reduction.
    pub stalled: usize,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            factor: 1.0,
            stalled: 0,
        }
    }
}

impl Plateau {
    /// Counts an epoch and lowers the factor when too many have passed without improvement.
    pub fn epoch_ended(&mut self, improved: bool, config: &TrainingConfig) {
        self.stalled = if improved { 0 } else { self.stalled + 1 };
        if self.stalled > 0 && self.stalled >= config.plateau_patience {
            self.factor *= config.plateau_factor;
            self.stalled = 0;
        }
    }
}

/// The learning rate at a time counted in epochs from the start of training, 0 to `config.epochs`,
/// for a group whose full rate is `peak`.
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
            let done = ((time - warmup) / length).clamp(0.0, 1.0);
            floor + (peak - floor) * (1.0 + (PI * done).cos()) / 2.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Phase, settings};

    fn config(changes: &[&str]) -> TrainingConfig {
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        settings::resolve(Phase::Finetune, None, &changes).unwrap()
    }

    #[test]
    fn cosine_rises_in_the_warm_up_and_ends_at_the_floor() {
        let config = config(&["epochs=11", "warmup_epochs=1", "min_learning_rate=0.001"]);
        let at = |time| rate(&config, 0.1, time, Plateau::default());
        assert_eq!(at(0.5), 0.05);
        assert!((at(1.0) - 0.1).abs() < 1e-12);
        assert!((at(6.0) - 0.0505).abs() < 1e-12);
        assert!((at(11.0) - 0.001).abs() < 1e-12);
    }

    #[test]
    fn a_plateau_halves_the_rate_after_its_patience() {
        let config = config(&["schedule=plateau", "warmup_epochs=0", "plateau_patience=2"]);
        let mut plateau = Plateau::default();
        for improved in [true, false, true, false, false] {
            plateau.epoch_ended(improved, &config);
        }
        assert_eq!(rate(&config, 0.1, 5.0, plateau), 0.05);
    }
}
