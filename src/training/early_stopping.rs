//! Tracking of the best epoch, and of the epochs without improvement.

use super::checkpointing::train_state::TrainState;
use super::config::TrainingConfig;
use crate::metrics::{self, Metrics};
use crate::probabilities::Probabilities;
use crate::{Class, ClassList, Error, Result};

/// The value of `monitor` that keeps the last epoch instead of the best by a validation metric.
pub const LAST: &str = "last";

/// Refuses a `monitor` that the val split does not define, whatever a network says: a metric that its classes do not
/// have, or one of a class without images.
pub fn refuse_undefined(
    config: &TrainingConfig,
    classes: ClassList,
    val_labels: &[Class],
) -> Result<()> {
    let answers: Vec<_> = (val_labels.iter())
        .map(|&label| Probabilities::one_hot(label))
        .collect();
    let metrics = metrics::score(classes, val_labels, &answers);
    match config.monitor == LAST || metrics.get(&config.monitor).is_some() {
        true => Ok(()),
        false => Err(undefined(config)),
    }
}

fn undefined(config: &TrainingConfig) -> Error {
    Error::input(
        format!("monitor = {}", config.monitor),
        "this metric is undefined on the val split",
        "Choose another metric, or prepare a val split that contains every class. monitor=last keeps the last epoch.",
    )
}

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
        .ok_or_else(|| undefined(config))?;
    let lower_is_better = config.monitor == "log_loss";
    let improved = state.best.is_none_or(|(_, best)| {
        if lower_is_better {
            value < best
        } else {
            value > best
        }
    });
    if improved {
        state.best = Some((state.epoch, value));
    }
    let best = state.best.map_or(0, |(epoch, _)| epoch);
    let since = best.max(state.extended_after);
    state.epochs_without_improvement = state.epoch.saturating_sub(since);
    Ok(improved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};
    use crate::training::Phase;
    use crate::training::config::resolve;

    /// Metrics of ten nevi, of which so many are named.
    fn accurate(named: usize) -> Metrics {
        let named =
            |at: usize| Probabilities::one_hot(if at < named { ham("nv") } else { ham("mel") });
        let probabilities: Vec<_> = (0..10).map(named).collect();
        metrics::score(ham10000(), &[ham("nv"); 10], &probabilities)
    }

    #[test]
    fn a_monitor_that_the_val_split_does_not_define_is_refused() {
        let refused = |monitor: &str, labels: &[Class]| {
            let settings = [format!("monitor={monitor}")];
            let config = resolve::resolve(Phase::Finetune, None, &settings).unwrap();
            refuse_undefined(&config, ham10000(), labels).is_err()
        };
        let nevi = [ham("nv"); 3];
        assert!(refused("macro_auc", &nevi));
        assert!(refused("melanoma_recall", &nevi));
        assert!(refused("accuracy", &[]));
        assert!(!refused("accuracy", &nevi));
        assert!(!refused("last", &[]));
        let all: Vec<Class> = ham10000().iter().collect();
        assert!(!refused("macro_auc", &all));
    }

    #[test]
    fn patience_counts_epochs_of_which_not_all_are_validated() {
        let monitor = ["monitor=accuracy".to_owned()];
        let config = resolve::resolve(Phase::Finetune, None, &monitor).unwrap();
        let mut state = TrainState::default();
        let mut without_improvement = Vec::new();
        for (epoch, accuracy) in [(3, 5), (6, 4), (9, 6), (12, 6), (13, 1)] {
            state.epoch = epoch;
            let val = accurate(accuracy);
            update_best(&mut state, &config, Some(&val)).unwrap();
            without_improvement.push(state.epochs_without_improvement);
        }
        assert_eq!(without_improvement, [0, 3, 0, 3, 4]);
        assert_eq!(state.best, Some((9, 0.6)));
    }

    #[test]
    fn patience_counts_anew_from_where_a_run_that_had_ended_was_extended() {
        let monitor = ["monitor=accuracy".to_owned()];
        let config = resolve::resolve(Phase::Finetune, None, &monitor).unwrap();
        let mut state = TrainState {
            best: Some((1, 0.9)),
            epoch: 5,
            epochs_without_improvement: 3,
            finished: true,
            ..TrainState::default()
        };
        state.extend();
        assert!(!state.finished);
        assert_eq!(state.epochs_without_improvement, 0);
        update_best(&mut state, &config, Some(&accurate(4))).unwrap();
        assert_eq!(state.epochs_without_improvement, 1);
        assert_eq!(state.best, Some((1, 0.9)));
    }
}
