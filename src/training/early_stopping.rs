//! Which epoch is the best.

use super::checkpointing::train_state::Position;
use super::config::TrainingConfig;
use crate::metrics::Metrics;
use crate::{Error, Result};

/// The value of `select_by` that keeps the last epoch, whatever validation says of it.
pub const LAST: &str = "last";

/// Whether the epoch is the best so far by `select_by`, noting it if so.
pub fn note_best(position: &mut Position, config: &TrainingConfig, val: &Metrics) -> Result<bool> {
    if config.select_by == LAST {
        position.best = Some((position.epoch, position.epoch as f64));
        return Ok(true);
    }
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
