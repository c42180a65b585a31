//! Tracking of the best epoch, and of the epochs without improvement.

use super::checkpointing::train_state::TrainState;
use super::config::TrainingConfig;
use crate::metrics::Metrics;
use crate::{Error, Result};

/// The value of `monitor` that keeps the last epoch instead of the best by a validation metric.
pub const LAST: &str = "last";

/// Updates the best epoch by the metric `monitor` of the val split (`None` without one). Returns whether the current
/// epoch is the best so far.
pub fn update_best(
    state: &mut TrainState,
    config: &TrainingConfig,
    val: Option<&Metrics>,
) -> Result<bool> {
    if config.monitor == LAST {
        state.best = Some((state.epoch, state.epoch as f64));
        return Ok(true);
    }
    let value = val
        .and_then(|val| val.get(&config.monitor))
        .ok_or_else(|| {
            Error::input(
                format!("monitor = {}", config.monitor),
                "this metric is undefined on the val split",
                "Choose another metric, or prepare a val split that contains every class.",
            )
        })?;
    let lower_is_better = config.monitor == "log_loss";
    let improved = state.best.is_none_or(|(_, best)| {
        if lower_is_better {
            value < best
        } else {
            value > best
        }
    });
    state.epochs_without_improvement += 1;
    if improved {
        state.best = Some((state.epoch, value));
        state.epochs_without_improvement = 0;
    }
    Ok(improved)
}
