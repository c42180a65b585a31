//! Adam's step.
//!
//! Kingma & Ba 2015; with the decay of weights apart from the gradient, AdamW: Loshchilov & Hutter 2019. In PyTorch's
//! formulations.

use tch::Tensor;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// A step of Adam.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Whether weights decay apart from the gradient (AdamW) or as a part of it.
    pub decoupled: bool,
    /// Which step of these tensors it is, from 1.
    pub steps: i64,
}

/// A tensor that learns, with its running means of the gradient and of its square.
pub struct AdamState<'a> {
    pub tensor: &'a mut Tensor,
    pub exp_avg: &'a mut Tensor,
    pub exp_avg_sq: &'a mut Tensor,
}

impl Adam {
    /// Moves a tensor by its gradient.
    ///
    /// libtorch's fused kernel, which tch does not bind, would move all of a group at once. It would save 1 to 3 % of a
    /// fine-tuning step.
    pub fn step(self, one: &mut AdamState, rate: f64, decay: f64) {
        let bias = |beta: f64| 1.0 - beta.powf(self.steps as f64);
        let mut gradient = one.tensor.grad();
        if self.decoupled {
            *one.tensor *= 1.0 - rate * decay;
        } else if decay > 0.0 {
            gradient = &gradient + &*one.tensor * decay;
        }
        let _ = one.exp_avg.lerp_(&gradient, 1.0 - BETA1);
        let _ = one.exp_avg_sq.lerp_(&gradient.square(), 1.0 - BETA2);
        let mut spread = one.exp_avg_sq.sqrt();
        spread /= bias(BETA2).sqrt();
        spread += EPSILON;
        *one.tensor -= (&*one.exp_avg / spread) * (rate / bias(BETA1));
    }
}
