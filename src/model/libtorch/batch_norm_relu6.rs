//! BatchNorm with optional ReLU6, as they follow a convolution.
//!
//! On CPUs under Linux, training uses a fused operator in C++ (`batch_norm_relu6.cpp`). Compared with libtorch's two
//! operators, it saves time and a third of the memory (`docs/performance.md`). Elsewhere libtorch's operators are used.
//! The results are equal up to rounding, as the tests show.

use tch::Tensor;

/// Momentum of the running statistics: the weight of the batch's statistics (PyTorch's default).
pub(super) const NORM_MOMENTUM: f64 = 0.1;

/// Parameters and running statistics of a BatchNorm, with one value per channel each.
pub struct BatchNorm<'a> {
    /// Scale.
    pub gamma: &'a Tensor,
    /// Shift.
    pub beta: &'a Tensor,
    /// Running mean, updated in training.
    pub mean: &'a Tensor,
    /// Running variance, updated in training.
    pub variance: &'a Tensor,
    /// ε, added to the variance.
    pub epsilon: f64,
}

impl BatchNorm<'_> {
    /// Normalises `x` (N × C × H × W) by batch statistics, updates the running ones, and applies ReLU6 if `relu6`.
    pub fn train(&self, x: &Tensor, relu6: bool) -> Tensor {
        #[cfg(native_threads)]
        if let Some(y) = fused::train(self, x, relu6) {
            return y;
        }
        self.apply(x, relu6, true)
    }

    /// Normalises `x` by the running statistics without updating them, and applies ReLU6 if `relu6`.
    pub fn evaluate(&self, x: &Tensor, relu6: bool) -> Tensor {
        self.apply(x, relu6, false)
    }

    /// Whether all tensors are f32, on the CPU, and have one contiguous value per channel.
    #[cfg(native_threads)]
    pub(super) fn has_layout(&self, channels: i64) -> bool {
        [self.gamma, self.beta, self.mean, self.variance]
            .iter()
            .all(|t| t.size() == [channels] && super::strides::has_layout(t, &[1]))
    }

    fn apply(&self, x: &Tensor, relu6: bool, batch_statistics: bool) -> Tensor {
        let x = x.batch_norm(
            Some(self.gamma),
            Some(self.beta),
            Some(self.mean),
            Some(self.variance),
            batch_statistics,
            NORM_MOMENTUM,
            self.epsilon,
            true,
        );
        if relu6 { x.relu6() } else { x }
    }
}

#[cfg(native_threads)]
mod fused {
    use tch::Tensor;
    use torch_sys::C_tensor;

    use super::{BatchNorm, NORM_MOMENTUM};
    use crate::model::libtorch::strides::is_channels_last;

    unsafe extern "C" {
        fn skinlesion_batch_norm_relu6(
            x: *const C_tensor,
            gamma: *const C_tensor,
            beta: *const C_tensor,
            running_mean: *const C_tensor,
            running_variance: *const C_tensor,
            momentum: f64,
            epsilon: f64,
            relu6: bool,
        ) -> *mut C_tensor;
    }

    /// Returns `None` if the operator does not support `x` or fails (out of memory, for example). libtorch's operators
    /// then compute the result or report the error.
    pub fn train(norm: &BatchNorm, x: &Tensor, relu6: bool) -> Option<Tensor> {
        if !is_supported(norm, x) {
            return None;
        }
        // SAFETY: all pointers are to tensors that live until the call returns, of the type and layout that the
        // operator expects (`is_supported`). It returns a new tensor or null.
        let y = unsafe {
            skinlesion_batch_norm_relu6(
                x.as_ptr(),
                norm.gamma.as_ptr(),
                norm.beta.as_ptr(),
                norm.mean.as_ptr(),
                norm.variance.as_ptr(),
                NORM_MOMENTUM,
                norm.epsilon,
                relu6,
            )
        };
        // SAFETY: the tensor is new, and owned here alone.
        (!y.is_null()).then(|| unsafe { Tensor::from_ptr(y) })
    }

    /// Whether the operator supports the tensors: f32, on the CPU, `x` channels last, and one value per channel.
    fn is_supported(norm: &BatchNorm, x: &Tensor) -> bool {
        is_channels_last(x) && norm.has_layout(x.size()[1])
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, IndexOp, Kind};

    use super::*;
    use crate::model::input::channels_last;

    const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

    /// Results of a BatchNorm: output, gradients of x, gamma and beta, and running statistics.
    fn outcome(x: &Tensor, run: impl Fn(&BatchNorm, &Tensor) -> Tensor) -> Vec<Tensor> {
        let kind = x.kind();
        let channels = x.size()[1];
        let ramp = |from: f64, to: f64| Tensor::linspace(from, to, channels, CPU).to_kind(kind);
        let x = x.copy().set_requires_grad(true);
        let gamma = ramp(0.5, 3.0).set_requires_grad(true);
        let beta = ramp(-1.0, 4.0).set_requires_grad(true);
        let (mean, variance) = (ramp(-0.5, 0.5), ramp(1.0, 2.0));
        let norm = BatchNorm {
            gamma: &gamma,
            beta: &beta,
            mean: &mean,
            variance: &variance,
            epsilon: 1e-5,
        };
        let y = run(&norm, &(&x * 1.0));
        let weights = (Tensor::arange(y.numel() as i64, CPU) * 0.37)
            .sin()
            .to_kind(kind);
        (y.permute([0, 2, 3, 1]).reshape([-1]) * weights)
            .sum(kind)
            .backward();
        vec![
            y.detach(),
            x.grad(),
            gamma.grad(),
            beta.grad(),
            mean,
            variance,
        ]
    }

    #[test]
    fn a_training_step_equals_libtorchs_in_double_precision() {
        tch::manual_seed(7);
        for (shape, relu6) in [
            ([4, 16, 23, 19], true),
            ([4, 16, 23, 19], false),
            ([2, 35, 5, 5], true),
            ([32, 1280, 1, 1], true),
        ] {
            let x = channels_last(&(Tensor::randn(shape, CPU) * 2.0 + 3.0));
            let ours = outcome(&x, |norm, x| {
                #[cfg(native_threads)]
                return fused::train(norm, x, relu6).expect("supported");
                #[cfg(not(native_threads))]
                norm.train(x, relu6)
            });
            let expected = outcome(&x.to_kind(Kind::Double), |norm, x| {
                norm.apply(x, relu6, true)
            });
            for (at, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
                let difference =
                    (ours - expected).norm().double_value(&[]) / expected.norm().double_value(&[]);
                assert!(difference < 2e-5, "{shape:?}, tensor {at}: {difference}");
            }
        }
    }

    #[test]
    fn large_means_do_not_reduce_precision_if_the_running_mean_is_near() {
        tch::manual_seed(7);
        let x = channels_last(&(Tensor::randn([8, 4, 32, 32], CPU) * 0.1 + 1000.0));
        let one = |value: f64| Tensor::full([4], value, CPU);
        let (gamma, beta, mean, variance) = (one(1.0), one(0.0), one(999.0), one(1.0));
        let norm = BatchNorm {
            gamma: &gamma,
            beta: &beta,
            mean: &mean,
            variance: &variance,
            epsilon: 1e-5,
        };
        let y = norm.train(&x, false);
        for channel in 0..4 {
            let spread = y.i((.., channel)).std(true).double_value(&[]);
            assert!((spread - 1.0).abs() < 2e-3, "{spread}");
        }
    }

    #[test]
    fn a_gradient_that_another_operator_uses_is_not_overwritten() {
        tch::manual_seed(7);
        let shape = [2, 4, 5, 5];
        let [values, weights] = [(); 2].map(|()| channels_last(&Tensor::randn(shape, CPU)));
        let leaf = values.zeros_like().set_requires_grad(true);
        let other = &leaf * 1.0; // before the norm, so that its gradient is computed after the norm's
        outcome(&values, |norm, x| {
            let sum = norm.train(x, true) + &other;
            (&sum * &weights).sum(Kind::Float).backward();
            sum.detach().set_requires_grad(true)
        });
        assert_eq!(leaf.grad(), weights);
    }

    #[test]
    fn the_result_does_not_depend_on_the_number_of_threads() {
        tch::manual_seed(7);
        let x = channels_last(&Tensor::randn([4, 24, 31, 31], CPU));
        let threads = tch::get_num_threads();
        let run = |threads| {
            tch::set_num_threads(threads);
            outcome(&x, |norm, x| norm.train(x, true))
        };
        let (one, two) = (run(1), run(2));
        tch::set_num_threads(threads);
        assert!(one.iter().zip(&two).all(|(one, two)| one == two));
    }
}
