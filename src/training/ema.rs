//! Averages of the weights over a run (EMA, SWA). They validate better than the weights of a single step.

use tch::{Kind, Tensor};

use super::config::TrainingConfig;
use crate::model::state_dict::NamedTensors;

const STATE_PREFIX: &str = "average.";

/// A running average of a network's weights and BatchNorm statistics, by one of two rules:
///
/// * Exponential moving average (Polyak & Juditsky 1992), updated after every step t with
///   min(`decay`, (1 + t) / (10 + t)), so that the initial weights are forgotten early.
/// * Stochastic weight averaging (Izmailov et al. 2018), densely: the mean of the weights after every step of the last
///   epochs (SWAD, Cha et al. 2021). It costs as much as the exponential average.
pub struct ModelEma {
    rule: Rule,
    tensors: NamedTensors,
}

enum Rule {
    Exponential { decay: f64 },
    LastEpochs { first_epoch: usize },
}

impl ModelEma {
    /// The configured average, starting at the network's weights. `None` if the configuration has no averaging.
    pub fn new(config: &TrainingConfig, network: &NamedTensors) -> Option<Self> {
        let rule = if config.swa_epochs > 0 {
            Rule::LastEpochs {
                first_epoch: (config.epochs + 1).saturating_sub(config.swa_epochs),
            }
        } else if config.ema_decay > 0.0 {
            Rule::Exponential {
                decay: config.ema_decay,
            }
        } else {
            return None;
        };
        let copied = |(name, tensor): (&String, &Tensor)| (name.clone(), tensor.detach().copy());
        Some(Self {
            rule,
            tensors: network.iter().map(copied).collect(),
        })
    }

    /// Updates the average after an optimizer step; `steps` counts from 1.
    pub fn step_ended(&mut self, network: &NamedTensors, steps: i64, steps_per_epoch: usize) {
        match self.rule {
            Rule::Exponential { decay } => {
                let steps = steps as f64;
                self.update(network, 1.0 - decay.min((1.0 + steps) / (10.0 + steps)));
            }
            Rule::LastEpochs { first_epoch } => {
                let earlier = (first_epoch.saturating_sub(1) * steps_per_epoch) as i64;
                if steps > earlier {
                    self.update(network, 1.0 / (steps - earlier) as f64);
                }
            }
        }
    }

    /// At the end of an epoch (from 1) before those that are averaged, copies the network, which is then validated.
    pub fn epoch_ended(&mut self, network: &NamedTensors, epoch: usize) {
        if let Rule::LastEpochs { first_epoch } = self.rule
            && epoch < first_epoch
        {
            self.update(network, 1.0);
        }
    }

    fn update(&mut self, network: &NamedTensors, weight: f64) {
        tch::no_grad(|| {
            for (name, average) in &mut self.tensors {
                if let Some(tensor) = network.get(name) {
                    let _ = average.lerp_(tensor, weight);
                }
            }
        });
    }

    /// The averaged weights and BatchNorm statistics.
    pub fn tensors(&self) -> &NamedTensors {
        &self.tensors
    }

    /// The state to save: the averaged tensors, whose names begin with `average.`.
    pub fn state(&self) -> NamedTensors {
        let named = |(name, tensor): (&String, &Tensor)| {
            (format!("{STATE_PREFIX}{name}"), tensor.to_kind(Kind::Float))
        };
        self.tensors.iter().map(named).collect()
    }

    /// Restores a saved state. Fails with the first name that is missing or has another shape.
    pub fn restore(&mut self, state: &NamedTensors) -> Result<(), String> {
        for (name, average) in &mut self.tensors {
            let name = format!("{STATE_PREFIX}{name}");
            match state.get(&name) {
                Some(saved) if saved.size() == average.size() => average.copy_(saved),
                _ => return Err(name),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::Phase;
    use crate::training::config::resolve;

    fn network(value: f32) -> NamedTensors {
        [("w".to_owned(), Tensor::from_slice(&[value]))].into()
    }

    fn ema(changes: &[&str]) -> ModelEma {
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        let config = resolve::resolve(Phase::Finetune, None, &changes).unwrap();
        ModelEma::new(&config, &network(0.0)).unwrap()
    }

    fn value(ema: &ModelEma) -> f64 {
        ema.tensors()["w"].double_value(&[0])
    }

    #[test]
    fn an_exponential_average_lags_behind_and_converges() {
        let mut ema = ema(&["ema_decay=0.9", "swa_epochs=0"]);
        ema.step_ended(&network(1.0), 1000, 10);
        assert!((value(&ema) - 0.1).abs() < 1e-6);
        for step in 0..100 {
            ema.step_ended(&network(1.0), 1001 + step, 10);
        }
        assert!((value(&ema) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn stochastic_weight_averaging_is_the_mean_of_all_steps_of_the_last_epochs() {
        let mut ema = ema(&["swa_epochs=3", "epochs=5"]);
        for epoch in 1..=5 {
            for step in 1..=2 {
                let steps = (epoch - 1) * 2 + step;
                ema.step_ended(&network(steps as f32), steps as i64, 2);
            }
            ema.epoch_ended(&network(epoch as f32 * 2.0), epoch);
            if epoch <= 2 {
                assert_eq!(value(&ema), epoch as f64 * 2.0, "the network itself");
            }
        }
        // The steps 5 to 10.
        assert!((value(&ema) - 7.5).abs() < 1e-6);
    }
}
