//! Adam, AdamW and SGD with Nesterov momentum on plain tensors, so that their state can be saved.
//!
//! SGD: Sutskever et al. 2013, in PyTorch's formulation. For Adam see [`super::adam`].

use tch::{Kind, Tensor};

use super::adam::{Adam, AdamState};
use crate::model::state_dict::NamedTensors;
use crate::training::config::OptimizerKind;

const STATE_PREFIX: &str = "optimizer.";
const STEPS: &str = "optimizer.steps";

/// An optimizer with its state.
pub struct Optimizer {
    kind: OptimizerKind,
    momentum: f64,
    weight_decay: f64,
    parameters: Vec<Parameter>,
    steps: i64,
}

struct Parameter {
    name: String,
    tensor: Tensor,
    /// Index of its learning rate in the argument of [`Optimizer::step`].
    group: usize,
    /// Whether weight decay applies.
    decays: bool,
    /// Running mean of the gradient (SGD: the momentum buffer).
    exp_avg: Tensor,
    /// Running mean of the squared gradient (SGD: none).
    exp_avg_sq: Option<Tensor>,
}

impl Optimizer {
    /// An optimizer over groups of named tensors, which must require gradients. Weight decay does not apply to tensors
    /// of one dimension (biases, BatchNorm).
    pub fn new(
        kind: OptimizerKind,
        momentum: f64,
        weight_decay: f64,
        groups: Vec<Vec<(String, Tensor)>>,
    ) -> Self {
        let mut parameters = Vec::new();
        for (group, members) in groups.into_iter().enumerate() {
            for (name, tensor) in members {
                let zeros = || tch::no_grad(|| tensor.zeros_like());
                parameters.push(Parameter {
                    exp_avg: zeros(),
                    exp_avg_sq: (kind != OptimizerKind::Sgd).then(zeros),
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
            steps: 0,
        }
    }

    /// Number of steps so far.
    pub fn steps(&self) -> i64 {
        self.steps
    }

    /// Sets all gradients to zero.
    pub fn zero_grad(&mut self) {
        for parameter in &mut self.parameters {
            parameter.tensor.zero_grad();
        }
    }

    /// Updates every parameter by its gradient. `rates` has one learning rate per group.
    pub fn step(&mut self, rates: &[f64]) {
        self.steps += 1;
        tch::no_grad(|| {
            for (group, &rate) in rates.iter().enumerate() {
                self.step_group(group, true, rate);
                self.step_group(group, false, rate);
            }
        });
    }

    /// Updates the parameters of a group that have weight decay, or those that do not.
    fn step_group(&mut self, group: usize, decays: bool, rate: f64) {
        let decay = if decays { self.weight_decay } else { 0.0 };
        let members =
            (self.parameters.iter_mut()).filter(|p| p.group == group && p.decays == decays);
        match self.kind {
            OptimizerKind::Sgd => members.for_each(|p| p.step_sgd(rate, decay, self.momentum)),
            OptimizerKind::Adam | OptimizerKind::Adamw => {
                let adam = Adam {
                    decoupled: self.kind == OptimizerKind::Adamw,
                    steps: self.steps,
                };
                let members = members.filter_map(Parameter::adam_state);
                members.for_each(|mut state| adam.step(&mut state, rate, decay));
            }
        }
    }

    /// The state to save: named tensors, whose names begin with `optimizer.`.
    pub fn state(&self) -> NamedTensors {
        let mut state = NamedTensors::new();
        for p in &self.parameters {
            state.insert(format!("{STATE_PREFIX}first.{}", p.name), p.exp_avg.copy());
            if let Some(second) = &p.exp_avg_sq {
                state.insert(format!("{STATE_PREFIX}second.{}", p.name), second.copy());
            }
        }
        state.insert(STEPS.into(), Tensor::from_slice(&[self.steps]));
        state
    }

    /// Restores a saved state. Fails with the first name that is missing or has another shape.
    pub fn restore(&mut self, state: &NamedTensors) -> Result<(), String> {
        let find = |name: String, like: &Tensor| {
            let tensor = state.get(&name).filter(|t| t.size() == like.size());
            tensor.ok_or(name)
        };
        for p in &mut self.parameters {
            let first = find(format!("{STATE_PREFIX}first.{}", p.name), &p.exp_avg)?;
            p.exp_avg.copy_(first);
            if let Some(second) = &mut p.exp_avg_sq {
                let saved = find(format!("{STATE_PREFIX}second.{}", p.name), second)?;
                second.copy_(saved);
            }
        }
        self.steps = find(STEPS.into(), &Tensor::from_slice(&[0i64]))?.int64_value(&[0]);
        Ok(())
    }
}

impl Parameter {
    fn step_sgd(&mut self, rate: f64, decay: f64, momentum: f64) {
        let mut gradient = self.tensor.grad();
        if decay > 0.0 {
            gradient = &gradient + &self.tensor * decay;
        }
        self.exp_avg *= momentum;
        self.exp_avg += &gradient;
        self.tensor -= (gradient + &self.exp_avg * momentum) * rate;
    }

    /// The parameter with Adam's running means. `None` for SGD, which has no second mean.
    fn adam_state(&mut self) -> Option<AdamState<'_>> {
        Some(AdamState {
            tensor: &mut self.tensor,
            exp_avg: &mut self.exp_avg,
            exp_avg_sq: self.exp_avg_sq.as_mut()?,
        })
    }
}

/// Allocates all gradients before the first step. Allocated during that step, they would lie between its activations
/// and fragment the memory that later steps reuse for theirs.
fn allocate_gradients(parameters: &[Parameter]) {
    let zero = |p: &Parameter| p.tensor.sum(Kind::Float) * 0.0;
    let zeros: Vec<Tensor> = parameters.iter().map(zero).collect();
    if !zeros.is_empty() {
        Tensor::stack(&zeros, 0).sum(Kind::Float).backward();
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;
    use tch::nn::{self, OptimizerConfig};

    use super::*;

    /// Compares ten steps on a small problem with libtorch's optimizer.
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
    fn steps_equal_those_of_libtorchs_optimizers() {
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

    /// Two groups of one tensor each, and an optimizer over them.
    fn pair() -> ([Tensor; 2], impl Fn() -> Optimizer) {
        let tensors = [(); 2].map(|()| {
            let start = Tensor::from_slice(&[1.0f32, -2.0]).view([1, 2]);
            start.set_requires_grad(true)
        });
        let of_optimizer = [0, 1].map(|at: usize| tensors[at].shallow_clone());
        let new = move || {
            let group = |at: usize| vec![(format!("w{at}"), of_optimizer[at].shallow_clone())];
            Optimizer::new(OptimizerKind::Adamw, 0.9, 0.01, vec![group(0), group(1)])
        };
        (tensors, new)
    }

    fn step(optimizer: &mut Optimizer, tensors: &[Tensor; 2], rates: [f64; 2]) {
        optimizer.zero_grad();
        for tensor in tensors {
            tensor.square().sum(Kind::Float).backward();
        }
        optimizer.step(&rates);
    }

    #[test]
    fn a_restored_optimizer_continues_exactly() {
        let run = |stop_after: usize| {
            let (tensors, new) = pair();
            let mut optimizer = new();
            for number in 0..6 {
                if number == stop_after {
                    let state = optimizer.state();
                    optimizer = new();
                    optimizer.restore(&state).unwrap();
                }
                step(&mut optimizer, &tensors, [0.1, 0.2]);
            }
            tensors
        };
        assert_eq!(run(3), run(100));
    }
}
