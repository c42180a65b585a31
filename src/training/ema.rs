//! The exponential moving average (EMA) of the weights over a run. It validates better than the weights of a single
//! step.

use tch::{Kind, Tensor};

use super::config::TrainingConfig;
use crate::model::state_dict::NamedTensors;

const STATE_PREFIX: &str = "average.";

/// The exponential moving average of a network's weights and BatchNorm statistics (Polyak & Juditsky 1992). It is
/// updated after every step t with min(`decay`, (1 + t) / (10 + t)), so that the initial weights are forgotten early.
pub struct ModelEma {
    decay: f64,
    tensors: NamedTensors,
}

impl ModelEma {
    /// The configured average, starting at the network's weights. `None` if it is off.
    pub fn new(config: &TrainingConfig, network: &NamedTensors) -> Option<Self> {
        let copied = |(name, tensor): (&String, &Tensor)| (name.clone(), tensor.detach().copy());
        (config.ema_decay > 0.0).then(|| Self {
            decay: config.ema_decay,
            tensors: network.iter().map(copied).collect(),
        })
    }

    /// Updates the average after an optimizer step; `steps` counts from 1.
    pub fn update(&mut self, network: &NamedTensors, steps: i64) {
        let steps = steps as f64;
        let weight = 1.0 - self.decay.min((1.0 + steps) / (10.0 + steps));
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

    #[test]
    fn an_exponential_average_lags_behind_and_converges() {
        let setting = ["ema_decay=0.9".to_owned()];
        let config = resolve::resolve(Phase::Finetune, None, &setting).unwrap();
        let mut ema = ModelEma::new(&config, &network(0.0)).unwrap();
        let value = |ema: &ModelEma| ema.tensors()["w"].double_value(&[0]);
        ema.update(&network(1.0), 1000);
        assert!((value(&ema) - 0.1).abs() < 1e-6);
        for step in 0..100 {
            ema.update(&network(1.0), 1001 + step);
        }
        assert!((value(&ema) - 1.0).abs() < 1e-3);
    }
}
