//! Gradient clipping by norm (Pascanu et al. 2013).

use tch::Tensor;

/// Scales the gradients of all parameters down to the total Euclidean norm `max_norm` (above 0), unless it is smaller
/// already, as PyTorch's `clip_grad_norm_` does. Tensors without a gradient are left out.
pub fn clip_grad_norm<'a>(parameters: impl Iterator<Item = &'a Tensor>, max_norm: f64) {
    /// Added to the norm, as in PyTorch, so that a norm of 0 is no division by zero.
    const EPSILON: f64 = 1e-6;
    tch::no_grad(|| {
        let gradients = parameters.map(Tensor::grad);
        let mut gradients: Vec<Tensor> = gradients.filter(Tensor::defined).collect();
        if gradients.is_empty() {
            return;
        }
        let norms: Vec<Tensor> = gradients.iter().map(Tensor::norm).collect();
        let total = Tensor::stack(&norms, 0).norm();
        // A tensor, not a number: reading the norm would make the CPU wait for the GPU.
        let factor = ((total + EPSILON).reciprocal() * max_norm).clamp_max(1.0);
        for gradient in &mut gradients {
            *gradient *= &factor;
        }
    });
}

#[cfg(test)]
mod tests {
    use tch::nn::{self, OptimizerConfig};
    use tch::{Device, Kind};

    use super::*;

    /// Gradients of two tensors, of total norm √(3² + 4² + 12²) = 13, after clipping to `max_norm`.
    fn clipped(max_norm: f64) -> Vec<f64> {
        let parameters = [&[0.0f32, 0.0][..], &[0.0]].map(|values| {
            let tensor = Tensor::from_slice(values);
            tensor.set_requires_grad(true)
        });
        let [pair, single] = &parameters;
        let slopes = Tensor::from_slice(&[3.0f32, -4.0]);
        let loss = (pair * slopes).sum(Kind::Float) + (single * 12.0).sum(Kind::Float);
        loss.backward();
        let without_gradient = Tensor::from_slice(&[1.0f32]);
        clip_grad_norm(parameters.iter().chain([&without_gradient]), max_norm);
        let gradients = Tensor::cat(&[pair.grad(), single.grad()], 0);
        Vec::try_from(gradients.to_kind(Kind::Double)).unwrap()
    }

    #[test]
    fn gradients_above_the_norm_are_scaled_and_others_left_as_they_are() {
        assert_eq!(clipped(13.5), [3.0, -4.0, 12.0]);
        for (value, expected) in clipped(1.3).into_iter().zip([0.3, -0.4, 1.2]) {
            assert!((value - expected).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn clipped_gradients_equal_those_of_libtorchs_optimizer() {
        let store = nn::VarStore::new(Device::Cpu);
        let theirs = store.root().ones("w", &[5, 3]);
        let optimizer = nn::Sgd::default().build(&store, 0.1).unwrap();
        let ours = theirs.detach().copy().set_requires_grad(true);
        for weights in [&theirs, &ours] {
            weights.square().sum(Kind::Float).backward();
        }
        optimizer.clip_grad_norm(0.7);
        clip_grad_norm([&ours].into_iter(), 0.7);
        let difference = (theirs.grad() - ours.grad()).abs().max().double_value(&[]);
        assert!(difference < 1e-7, "{difference}");
    }
}
