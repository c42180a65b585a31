//! Batch norm with statistics of the batch, and ReLU6 behind it: what a training step spends half of its time on.
//!
//! On processors under Linux it is one operation of our own (`fused_batch_norm_relu6.cpp`), which saves a seventh to a quarter of a step's
//! time and a third of the memory of libtorch's two; elsewhere it is libtorch's. Both give the same numbers to within rounding, as the tests show.

use tch::Tensor;

/// Share of a batch's statistics in the running ones after a step (PyTorch's default).
const NORM_MOMENTUM: f64 = 0.1;

/// Scale, shift, running mean and running variance of a batch norm, one value a channel each.
pub struct BatchNorm<'a> {
    /// What each channel is multiplied by.
    pub gamma: &'a Tensor,
    /// What is added to each channel.
    pub beta: &'a Tensor,
    /// Mean over the batches seen, changed by training.
    pub mean: &'a Tensor,
    /// Variance over the batches seen, changed by training.
    pub variance: &'a Tensor,
    /// Added to variances before they divide.
    pub epsilon: f64,
}

impl BatchNorm<'_> {
    /// Normalises `x` (N × C × H × W) by its own statistics, changes the running ones, and applies ReLU6 if told to.
    pub fn train(&self, x: &Tensor, relu6: bool) -> Tensor {
        #[cfg(native_threads)]
        if let Some(y) = fused::train(self, x, relu6) {
            return y;
        }
        self.apply(x, relu6, true)
    }

    /// Normalises `x` by the running statistics, which stay as they are, and applies ReLU6 if told to.
    pub fn evaluate(&self, x: &Tensor, relu6: bool) -> Tensor {
        self.apply(x, relu6, false)
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
    use crate::model::libtorch::strides::lies_with;

    unsafe extern "C" {
        fn skinlesion_norm_relu6(
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

    /// None where the operation does not suit `x`, or failed (memory may have run out): then libtorch's own
    /// operations do it, or say what is wrong.
    pub fn train(norm: &BatchNorm, x: &Tensor, relu6: bool) -> Option<Tensor> {
        if !suits(norm, x) {
            return None;
        }
        // SAFETY: all pointers are of tensors that live until the call returns, of the kind and layout that the
        // operation expects (`suits`). It gives a tensor of its own or null.
        let y = unsafe {
            skinlesion_norm_relu6(
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
        // SAFETY: the tensor was made for us alone.
        (!y.is_null()).then(|| unsafe { Tensor::from_ptr(y) })
    }

    /// Whether they are what the operation is written for: single precision, in the processor's memory, a pixel's
    /// channels side by side, and one number for each.
    fn suits(norm: &BatchNorm, x: &Tensor) -> bool {
        let [_, channels, height, width] = x.size()[..] else {
            return false;
        };
        let side_by_side = [height * width * channels, 1, width * channels, channels];
        let of_channels = [norm.gamma, norm.beta, norm.mean, norm.variance];
        lies_with(x, &side_by_side)
            && (of_channels.iter()).all(|of| of.size() == [channels] && lies_with(of, &[1]))
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, IndexOp, Kind};

    use super::*;
    use crate::model::input::channels_last;

    const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

    /// What comes of a batch norm: its result, the gradients of x, gamma and beta, and the running statistics.
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
    fn a_training_step_is_that_of_libtorchs_own_operations_in_double_precision() {
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
                return fused::train(norm, x, relu6).expect("suits");
                #[cfg(not(native_threads))]
                norm.train(x, relu6)
            });
            let wanted = outcome(&x.to_kind(Kind::Double), |norm, x| {
                norm.apply(x, relu6, true)
            });
            for (at, (ours, wanted)) in ours.iter().zip(&wanted).enumerate() {
                let difference =
                    (ours - wanted).norm().double_value(&[]) / wanted.norm().double_value(&[]);
                assert!(difference < 2e-5, "{shape:?}, tensor {at}: {difference}");
            }
        }
    }

    #[test]
    fn large_means_cost_no_precision_once_the_running_mean_is_near() {
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
    fn a_gradient_that_another_operation_needs_is_not_overwritten() {
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
    fn the_number_of_threads_changes_nothing() {
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
