//! Update steps of Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), in PyTorch's formulation.

use tch::Tensor;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// A step of Adam or AdamW.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// Whether weight decay is decoupled from the gradient (AdamW) or added to it (Adam).
    pub decoupled: bool,
    /// The number of this step for these tensors, from 1; for bias correction.
    pub steps: i64,
}

/// A trainable tensor with the running means of its gradient and of its squared gradient.
pub struct AdamState<'a> {
    pub tensor: &'a mut Tensor,
    pub exp_avg: &'a mut Tensor,
    pub exp_avg_sq: &'a mut Tensor,
}

impl Adam {
    /// Updates a tensor by its gradient.
    ///
    /// libtorch's fused kernel, which updates a whole group at once, would save 1 to 2 % of a fine-tuning step
    /// (`docs/performance.md`). It is an internal operation of libtorch, so it is not used.
    pub fn step(self, state: &mut AdamState, rate: f64, decay: f64) {
        let bias_correction = |beta: f64| 1.0 - beta.powf(self.steps as f64);
        let mut gradient = state.tensor.grad();
        if self.decoupled {
            *state.tensor *= 1.0 - rate * decay;
        } else if decay > 0.0 {
            gradient = &gradient + &*state.tensor * decay;
        }
        let _ = state.exp_avg.lerp_(&gradient, 1.0 - BETA1);
        let _ = state.exp_avg_sq.lerp_(&gradient.square(), 1.0 - BETA2);
        let mut denominator = state.exp_avg_sq.sqrt();
        denominator /= bias_correction(BETA2).sqrt();
        denominator += EPSILON;
        *state.tensor -= (&*state.exp_avg / denominator) * (rate / bias_correction(BETA1));
    }
}
