//! Adam, AdamW and SGD with Nesterov momentum over plain tensors, so that their state can be saved.
//!
//! SGD: Sutskever et al. 2013, in PyTorch's formulation. For Adam see [`super::adam`].

use tch::{Kind, Tensor};

use super::adam::{Adam, AdamState};
use crate::model::state_dict::NamedTensors;
use crate::training::config::OptimizerKind;

const STATE_PREFIX: &str = "optimizer.";
const STEPS: &str = "optimizer.steps";
const STEPS_OF_GROUPS: &str = "optimizer.steps_of_groups";

/// An optimizer with its state.
pub struct Optimizer {
    kind: OptimizerKind,
    momentum: f64,
    weight_decay: f64,
    parameters: Vec<Parameter>,
    steps: i64,
    /// How often each group moved: one that thaws late has made fewer steps, and Adam corrects for how many.
    steps_of_groups: Vec<i64>,
}

struct Parameter {
    name: String,
    tensor: Tensor,
    /// Which of the learning rates given to [`Optimizer::step`] is its.
    group: usize,
    /// Whether weight decay pulls at it.
    decays: bool,
    /// Running means of the gradient and of its square (SGD: the momentum, and nothing).
    exp_avg: Tensor,
    exp_avg_sq: Option<Tensor>,
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
            steps_of_groups: vec![0; count],
        }
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.steps_of_groups.len()
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
        tch::no_grad(|| {
            let learning = rates.iter().enumerate().filter(|(_, rate)| **rate != 0.0);
            for (group, &rate) in learning {
                self.steps_of_groups[group] += 1;
                self.step_of(group, true, rate);
                self.step_of(group, false, rate);
            }
        });
    }

    /// Moves the members of a group that decay, or those that do not.
    fn step_of(&mut self, group: usize, decays: bool, rate: f64) {
        let decay = if decays { self.weight_decay } else { 0.0 };
        let members =
            (self.parameters.iter_mut()).filter(|p| p.group == group && p.decays == decays);
        match self.kind {
            OptimizerKind::Sgd => members.for_each(|p| p.step_of_sgd(rate, decay, self.momentum)),
            OptimizerKind::Adam | OptimizerKind::Adamw => {
                let adam = Adam {
                    decoupled: self.kind == OptimizerKind::Adamw,
                    steps: self.steps_of_groups[group],
                };
                let members = members.filter_map(Parameter::learning);
                members.for_each(|mut one| adam.step(&mut one, rate, decay));
            }
        }
    }

    /// The state as named tensors, all names beginning with `optimizer.`.
    pub fn state(&self) -> NamedTensors {
        let mut state = NamedTensors::new();
        for p in &self.parameters {
            state.insert(format!("{STATE_PREFIX}first.{}", p.name), p.exp_avg.copy());
            if let Some(second) = &p.exp_avg_sq {
                state.insert(format!("{STATE_PREFIX}second.{}", p.name), second.copy());
            }
        }
        state.insert(STEPS.into(), Tensor::from_slice(&[self.steps]));
        let of_groups = Tensor::from_slice(&self.steps_of_groups);
        state.insert(STEPS_OF_GROUPS.into(), of_groups);
        state
    }

    /// Takes a state back. Returns the first name that is missing or has another shape.
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
        let like = Tensor::from_slice(&self.steps_of_groups);
        let of_groups = find(STEPS_OF_GROUPS.into(), &like)?;
        for (group, steps) in self.steps_of_groups.iter_mut().enumerate() {
            *steps = of_groups.int64_value(&[group as i64]);
        }
        Ok(())
    }
}

impl Parameter {
    fn step_of_sgd(&mut self, rate: f64, decay: f64, momentum: f64) {
        let mut gradient = self.tensor.grad();
        if decay > 0.0 {
            gradient = &gradient + &self.tensor * decay;
        }
        self.exp_avg *= momentum;
        self.exp_avg += &gradient;
        self.tensor -= (gradient + &self.exp_avg * momentum) * rate;
    }

    /// What Adam moves; it always has a second mean.
    fn learning(&mut self) -> Option<AdamState<'_>> {
        Some(AdamState {
            tensor: &mut self.tensor,
            exp_avg: &mut self.exp_avg,
            exp_avg_sq: self.exp_avg_sq.as_mut()?,
        })
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
    fn a_group_that_rested_moves_as_one_that_begins() {
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
    fn a_restored_optimizer_goes_on_as_if_never_stopped() {
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
