//! Adam, AdamW and SGD with Nesterov momentum on plain tensors, so that their state can be saved.
//!
//! SGD: Sutskever et al. 2013, in PyTorch's formulation. For Adam see [`super::adam`].

use tch::{Kind, Tensor};

use super::adam::{Adam, AdamState};
use crate::model::state_dict::NamedTensors;
use crate::training::config::OptimizerKind;

const STATE_PREFIX: &str = "optimizer.";
const STEPS: &str = "optimizer.steps";
const GROUP_STEPS: &str = "optimizer.steps_of_groups";

/// An optimizer with its state.
pub struct Optimizer {
    kind: OptimizerKind,
    momentum: f64,
    weight_decay: f64,
    parameters: Vec<Parameter>,
    steps: i64,
    /// Steps of each group at a rate above 0, for Adam's bias correction.
    group_steps: Vec<i64>,
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
        let count = groups.len();
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
            group_steps: vec![0; count],
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

    /// Updates every parameter by its gradient. `rates` has one learning rate per group. A group with rate 0 is frozen:
    /// neither its values nor its running means change.
    pub fn step(&mut self, rates: &[f64]) {
        self.steps += 1;
        tch::no_grad(|| {
            let trainable = rates.iter().enumerate().filter(|(_, rate)| **rate != 0.0);
            for (group, &rate) in trainable {
                self.group_steps[group] += 1;
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
                    steps: self.group_steps[group],
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
        let group_steps = Tensor::from_slice(&self.group_steps);
        state.insert(GROUP_STEPS.into(), group_steps);
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
        let saved = (state.get(GROUP_STEPS)).and_then(|tensor| Vec::<i64>::try_from(tensor).ok());
        // Version 0.2 had a group for each block; those of the base took the same steps.
        let (Some(&first), Some(&last)) = (
            saved.as_deref().and_then(<[i64]>::first),
            saved.as_deref().and_then(<[i64]>::last),
        ) else {
            return Err(GROUP_STEPS.into());
        };
        self.group_steps.fill(first);
        if let Some(head) = self.group_steps.last_mut() {
            *head = last;
        }
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
    fn a_group_unfrozen_late_moves_like_a_new_one() {
        let (tensors, new) = pair();
        let mut optimizer = new();
        (0..50).for_each(|_| step(&mut optimizer, &tensors, [0.1, 0.0]));
        (0..3).for_each(|_| step(&mut optimizer, &tensors, [0.1, 0.1]));
        let (fresh, new) = pair();
        let mut optimizer = new();
        (0..3).for_each(|_| step(&mut optimizer, &fresh, [0.1, 0.1]));
        assert_eq!(tensors[1], fresh[1]);
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
                let second = if number < 2 { 0.0 } else { 0.1 };
                step(&mut optimizer, &tensors, [0.1, second]);
            }
            tensors
        };
        assert_eq!(run(3), run(100));
    }
}
