//! Adam, AdamW and SGD with Nesterov momentum over plain tensors, so that their state can be saved.
//!
//! Kingma & Ba 2015; Loshchilov & Hutter 2019; Sutskever et al. 2013, in PyTorch's formulations.

use tch::{Kind, Tensor};

use super::config::OptimizerKind;
use crate::model::tensors::NamedTensors;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;
const STATE_PREFIX: &str = "optimizer.";
const STEPS: &str = "optimizer.steps";

/// An optimizer with its state.
pub struct Optimizer {
    kind: OptimizerKind,
    momentum: f64,
    weight_decay: f64,
    parameters: Vec<Parameter>,
    groups: usize,
    steps: i64,
}

struct Parameter {
    name: String,
    tensor: Tensor,
    /// Which of the learning rates given to [`Optimizer::step`] is its.
    group: usize,
    /// Whether weight decay pulls at it.
    decays: bool,
    /// Running means of the gradient and of its square (SGD: the momentum, and nothing).
    first: Tensor,
    second: Option<Tensor>,
}

impl Optimizer {
    /// An optimizer over groups of named tensors, which must require gradients. Tensors of one
    /// dimension (biases, batch norm) are spared the weight decay.
    pub fn new(
        kind: OptimizerKind,
        momentum: f64,
        weight_decay: f64,
        groups: Vec<Vec<(String, Tensor)>>,
    ) -> Self {
        let mut parameters = Vec::new();
        let count = groups.len();
        for (group, members) in groups.into_iter().enumerate() {
            for (name, tensor) in members {
                let zeros = || tch::no_grad(|| tensor.zeros_like());
                parameters.push(Parameter {
                    first: zeros(),
                    second: (kind != OptimizerKind::Sgd).then(zeros),
                    decays: tensor.dim() > 1,
                    group,
                    name,
                    tensor,
                });
            }
        }
        allocate_gradients(&parameters);
        Self {
            kind,
            momentum,
            weight_decay,
            parameters,
            groups: count,
            steps: 0,
        }
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How many steps were made.
    pub fn steps(&self) -> i64 {
        self.steps
    }

    /// Forgets the gradients.
    pub fn zero_grad(&mut self) {
        for parameter in &mut self.parameters {
            parameter.tensor.zero_grad();
        }
    }

    /// Moves every parameter by its gradient; `rates` has one learning rate a group. A group whose rate is 0 rests:
    /// neither its values nor its running means change.
    pub fn step(&mut self, rates: &[f64]) {
        self.steps += 1;
        let steps = self.steps as f64;
        let (mean_bias, square_bias) = (1.0 - BETA1.powf(steps), 1.0 - BETA2.powf(steps));
        tch::no_grad(|| {
            for p in &mut self.parameters {
                let rate = rates[p.group];
                if rate == 0.0 {
                    continue;
                }
                let mut gradient = p.tensor.grad();
                let decay = if p.decays { self.weight_decay } else { 0.0 };
                if self.kind == OptimizerKind::Adamw {
                    p.tensor *= 1.0 - rate * decay;
                } else if decay > 0.0 {
                    gradient = &gradient + &p.tensor * decay;
                }
                match &mut p.second {
                    Some(second) => {
                        let _ = p.first.lerp_(&gradient, 1.0 - BETA1);
                        let _ = second.lerp_(&gradient.square(), 1.0 - BETA2);
                        let mut spread = second.sqrt();
                        spread /= square_bias.sqrt();
                        spread += EPSILON;
                        p.tensor -= (&p.first / spread) * (rate / mean_bias);
                    }
                    None => {
                        p.first *= self.momentum;
                        p.first += &gradient;
                        p.tensor -= (gradient + &p.first * self.momentum) * rate;
                    }
                }
            }
        });
    }

    /// The state as named tensors, all names beginning with `optimizer.`.
    pub fn state(&self) -> NamedTensors {
        let mut state = NamedTensors::new();
        for p in &self.parameters {
            state.insert(format!("{STATE_PREFIX}first.{}", p.name), p.first.copy());
            if let Some(second) = &p.second {
                state.insert(format!("{STATE_PREFIX}second.{}", p.name), second.copy());
            }
        }
        state.insert(STEPS.into(), Tensor::from_slice(&[self.steps]));
        state
    }

    /// Takes a state back. Returns the first name that is missing or has another shape.
    pub fn restore(&mut self, state: &NamedTensors) -> Result<(), String> {
        let find = |name: String, like: &Tensor| {
            let tensor = state.get(&name).filter(|t| t.size() == like.size());
            tensor.ok_or(name)
        };
        for p in &mut self.parameters {
            let first = find(format!("{STATE_PREFIX}first.{}", p.name), &p.first)?;
            p.first.copy_(first);
            if let Some(second) = &mut p.second {
                let saved = find(format!("{STATE_PREFIX}second.{}", p.name), second)?;
                second.copy_(saved);
            }
        }
        self.steps = find(STEPS.into(), &Tensor::from_slice(&[0i64]))?.int64_value(&[0]);
        Ok(())
    }
}

/// Gives every gradient its memory before the first step. Made amid that step's activations, they would stay
/// there for good, and keep the allocator from ever putting the same activations into the same place again.
fn allocate_gradients(parameters: &[Parameter]) {
    let nothing = |p: &Parameter| p.tensor.sum(Kind::Float) * 0.0;
    let nothings: Vec<Tensor> = parameters.iter().map(nothing).collect();
    if !nothings.is_empty() {
        Tensor::stack(&nothings, 0).sum(Kind::Float).backward();
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;
    use tch::nn::{self, OptimizerConfig};

    use super::*;

    /// Ten steps on a small quadratic, by ours and by libtorch's own optimizer.
    fn compare(kind: OptimizerKind, decay: f64, theirs: impl OptimizerConfig) {
        let start = || Tensor::linspace(-1.0, 2.0, 6, (Kind::Float, Device::Cpu)).view([2, 3]);
        let target = Tensor::arange(6, (Kind::Float, Device::Cpu)).view([2, 3]);
        let loss = |w: &Tensor| ((w - &target).square() * (w * 0.3).exp()).sum(Kind::Float);

        let store = nn::VarStore::new(Device::Cpu);
        let mut reference = store.root().zeros("w", &[2, 3]);
        tch::no_grad(|| reference.copy_(&start()));
        let mut theirs = theirs.build(&store, 0.05).unwrap();

        let ours = start().set_requires_grad(true);
        let group = vec![("w".to_owned(), ours.shallow_clone())];
        let mut optimizer = Optimizer::new(kind, 0.9, decay, vec![group]);
        for _ in 0..10 {
            theirs.backward_step(&loss(&reference));
            optimizer.zero_grad();
            loss(&ours).backward();
            optimizer.step(&[0.05]);
        }
        let difference = (&ours - &reference).abs().max().double_value(&[]);
        assert!(difference < 1e-6, "{kind:?} differs by {difference}");
    }

    #[test]
    fn steps_are_those_of_libtorchs_own_optimizers() {
        compare(OptimizerKind::Adam, 0.0, nn::Adam::default());
        let adam = nn::Adam {
            wd: 0.1,
            ..nn::Adam::default()
        };
        compare(OptimizerKind::Adam, 0.1, adam);
        let adamw = nn::AdamW {
            wd: 0.1,
            ..nn::AdamW::default()
        };
        compare(OptimizerKind::Adamw, 0.1, adamw);
        let sgd = nn::Sgd {
            momentum: 0.9,
            dampening: 0.0,
            wd: 0.1,
            nesterov: true,
        };
        compare(OptimizerKind::Sgd, 0.1, sgd);
    }

    #[test]
    fn a_restored_optimizer_goes_on_as_if_never_stopped() {
        let run = |stop_after: usize| {
            let w = Tensor::from_slice(&[1.0f32, -2.0])
                .view([1, 2])
                .set_requires_grad(true);
            let new = || {
                let group = vec![("w".to_owned(), w.shallow_clone())];
                Optimizer::new(OptimizerKind::Adamw, 0.9, 0.01, vec![group])
            };
            let mut optimizer = new();
            for step in 0..6 {
                if step == stop_after {
                    let state = optimizer.state();
                    optimizer = new();
                    optimizer.restore(&state).unwrap();
                }
                optimizer.zero_grad();
                w.square().sum(Kind::Float).backward();
                optimizer.step(&[0.1]);
            }
            w
        };
        assert_eq!(run(3), run(100));
    }
}
