//! Averages of the weights over the run, which judge better than the weights of any one step.

use tch::{Kind, Tensor};

use super::config::TrainingConfig;
use crate::model::state_dict::NamedTensors;

const STATE_PREFIX: &str = "average.";

/// An average of a network's weights and statistics.
///
/// Exponential: after every step, `decay` of the average is kept (Polyak & Juditsky 1992); at first less, so
/// that it does not cling to the start. Or stochastic weight averaging (Izmailov et al. 2018): the plain mean
/// of the weights at the ends of the last epochs; statistics of batch norm are averaged with them.
pub struct ModelEma {
    rule: Rule,
    tensors: NamedTensors,
}

enum Rule {
    Exponential { decay: f64 },
    LastEpochs { from: usize },
}

impl ModelEma {
    /// The configured average of a network, if there is one.
    pub fn new(config: &TrainingConfig, network: &NamedTensors) -> Option<Self> {
        let rule = if config.swa_epochs > 0 {
            Rule::LastEpochs {
                from: (config.epochs + 1).saturating_sub(config.swa_epochs),
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

    /// Takes in the weights after the step `steps` (from 1) of the run.
    pub fn step_ended(&mut self, network: &NamedTensors, steps: i64) {
        if let Rule::Exponential { decay } = self.rule {
            let steps = steps as f64;
            self.approach(network, 1.0 - decay.min((1.0 + steps) / (10.0 + steps)));
        }
    }

    /// Takes in the weights at the end of an epoch (from 1).
    pub fn epoch_ended(&mut self, network: &NamedTensors, epoch: usize) {
        if let Rule::LastEpochs { from } = self.rule {
            // Before its time it is simply the network.
            let taken = (epoch + 1).saturating_sub(from).max(1);
            self.approach(network, 1.0 / taken as f64);
        }
    }

    fn approach(&mut self, network: &NamedTensors, share: f64) {
        tch::no_grad(|| {
            for (name, average) in &mut self.tensors {
                if let Some(tensor) = network.get(name) {
                    let _ = average.lerp_(tensor, share);
                }
            }
        });
    }

    /// The averaged weights and statistics.
    pub fn tensors(&self) -> &NamedTensors {
        &self.tensors
    }

    /// The averages under names of their own, to be saved.
    pub fn state(&self) -> NamedTensors {
        let named = |(name, tensor): (&String, &Tensor)| {
            (format!("{STATE_PREFIX}{name}"), tensor.to_kind(Kind::Float))
        };
        self.tensors.iter().map(named).collect()
    }

    /// Takes saved averages back. Returns the first name that is missing or has another shape.
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

    fn average(changes: &[&str]) -> ModelEma {
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        let config = resolve::resolve(Phase::Finetune, None, &changes).unwrap();
        ModelEma::new(&config, &network(0.0)).unwrap()
    }

    fn value(average: &ModelEma) -> f64 {
        average.tensors()["w"].double_value(&[0])
    }

    #[test]
    fn the_exponential_average_lags_behind_and_gets_there() {
        let mut average = average(&["ema_decay=0.9", "swa_epochs=0"]);
        average.step_ended(&network(1.0), 1000);
        assert!((value(&average) - 0.1).abs() < 1e-6);
        for step in 0..100 {
            average.step_ended(&network(1.0), 1001 + step);
        }
        assert!((value(&average) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn stochastic_weight_averaging_is_the_mean_of_the_last_epochs() {
        let mut average = average(&["swa_epochs=3", "epochs=5"]);
        for epoch in 1..=5 {
            average.epoch_ended(&network(epoch as f32), epoch);
        }
        assert!((value(&average) - 4.0).abs() < 1e-6);
    }
}
