//! Adam's step on tensors one by one, and, where it can be had, on many at once.
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
pub struct Learning<'a> {
    pub tensor: &'a mut Tensor,
    pub first: &'a mut Tensor,
    pub second: &'a mut Tensor,
}

impl Adam {
    /// Moves tensors by their gradients, at one rate and with one decay of weights.
    pub fn step(self, all: &mut [Learning], rate: f64, decay: f64) {
        #[cfg(native_threads)]
        if fused::step(self, all, rate, decay) {
            return;
        }
        for one in all {
            self.step_of_one(one, rate, decay);
        }
    }

    fn step_of_one(self, one: &mut Learning, rate: f64, decay: f64) {
        let bias = |beta: f64| 1.0 - beta.powf(self.steps as f64);
        let mut gradient = one.tensor.grad();
        if self.decoupled {
            *one.tensor *= 1.0 - rate * decay;
        } else if decay > 0.0 {
            gradient = &gradient + &*one.tensor * decay;
        }
        let _ = one.first.lerp_(&gradient, 1.0 - BETA1);
        let _ = one.second.lerp_(&gradient.square(), 1.0 - BETA2);
        let mut spread = one.second.sqrt();
        spread /= bias(BETA2).sqrt();
        spread += EPSILON;
        *one.tensor -= (&*one.first / spread) * (rate / bias(BETA1));
    }
}

/// libtorch's operation for many tensors, which tch does not know. A network has 158, most of them so small that calling
/// ten operations for each takes longer than what they do.
#[cfg(native_threads)]
mod fused {
    use tch::Tensor;
    use torch_sys::C_tensor;

    use super::{Adam, BETA1, BETA2, EPSILON, Learning};
    use crate::model::libtorch::strides::lies_with;

    /// As in adam.cpp.
    #[repr(C)]
    struct Pointers {
        tensor: *const C_tensor,
        gradient: *const C_tensor,
        first: *const C_tensor,
        second: *const C_tensor,
    }

    unsafe extern "C" {
        fn skinlesion_adam(
            all: *const Pointers,
            count: i64,
            steps: f64,
            rate: f64,
            decay: f64,
            decoupled: bool,
            beta1: f64,
            beta2: f64,
            epsilon: f64,
        ) -> bool;
    }

    /// False where it does not suit.
    pub fn step(adam: Adam, all: &mut [Learning], rate: f64, decay: f64) -> bool {
        let gradients: Vec<Tensor> = all.iter().map(|one| one.tensor.grad()).collect();
        let suit = (all.iter().zip(&gradients)).all(|(one, gradient)| suits(one, gradient));
        if all.is_empty() || !suit {
            return false;
        }
        let pointers: Vec<Pointers> = (all.iter().zip(&gradients))
            .map(|(one, gradient)| Pointers {
                tensor: one.tensor.as_ptr(),
                gradient: gradient.as_ptr(),
                first: one.first.as_ptr(),
                second: one.second.as_ptr(),
            })
            .collect();
        // SAFETY: all pointers are of tensors that live until the call returns, four for each of `count`, and what they
        // point to has the same number in the same place (`suits`).
        unsafe {
            skinlesion_adam(
                pointers.as_ptr(),
                pointers.len() as i64,
                adam.steps as f64,
                rate,
                decay,
                adam.decoupled,
                BETA1,
                BETA2,
                EPSILON,
            )
        }
    }

    /// Whether the four tensors lie in the processor's memory alike: the operation goes through them as through plain rows
    /// of numbers, and does not look.
    fn suits(one: &Learning, gradient: &Tensor) -> bool {
        let strides = one.tensor.stride();
        [one.tensor, gradient, one.first, one.second]
            .into_iter()
            .all(|of| of.size() == one.tensor.size() && lies_with(of, &strides))
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::model::input;

    /// Tensors of several sizes after some steps that `step` makes.
    fn moved(adam: Adam, step: impl Fn(Adam, &mut [Learning])) -> Vec<Tensor> {
        let ramp =
            |length: i64, to: f64| Tensor::linspace(-1.0, to, length, (Kind::Float, Device::Cpu));
        let filters = input::channels_last(&ramp(4 * 3 * 5 * 5, 2.0).view([4, 3, 5, 5]));
        let mut tensors = vec![ramp(1, 2.0), ramp(7, 2.0), ramp(5000, 2.0), filters];
        let mut means: Vec<[Tensor; 2]> = (tensors.iter())
            .map(|tensor| [tensor.zeros_like(), tensor.zeros_like()])
            .collect();
        for steps in 1..=5 {
            for tensor in &mut tensors {
                *tensor = tensor.detach().set_requires_grad(true);
                let towards = ramp(tensor.numel() as i64, -3.0).view_as(tensor);
                (&*tensor - towards).square().sum(Kind::Float).backward();
            }
            let mut all: Vec<Learning> = (tensors.iter_mut().zip(&mut means))
                .map(|(tensor, [first, second])| Learning {
                    tensor,
                    first,
                    second,
                })
                .collect();
            tch::no_grad(|| step(Adam { steps, ..adam }, &mut all));
        }
        tensors
    }

    #[test]
    fn many_tensors_at_once_move_as_one_by_one() {
        for decoupled in [true, false] {
            let adam = Adam {
                decoupled,
                steps: 0,
            };
            let (rate, decay) = (0.05, 0.1);
            let together = moved(adam, |adam, all| {
                #[cfg(native_threads)]
                assert!(fused::step(adam, all, rate, decay));
                #[cfg(not(native_threads))]
                adam.step(all, rate, decay);
            });
            let apart = moved(adam, |adam, all| {
                (all.iter_mut()).for_each(|one| adam.step_of_one(one, rate, decay));
            });
            for (together, apart) in together.iter().zip(&apart) {
                let difference = (together - apart).abs().max().double_value(&[]);
                assert!(difference < 1e-6, "{decoupled}: {difference}");
            }
        }
    }
}
