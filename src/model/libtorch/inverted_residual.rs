//! MobileNetV2's inverted residual block, in which a training step spends most of its time.
//!
//! On CPUs under Linux, training uses one operator in C++ (`inverted_residual.cpp`), which reads and writes the wide
//! activations half as often as an operator per layer does, and keeps half as many of them. Elsewhere the network is
//! computed layer by layer. The results are equal up to rounding, as the tests show.

use tch::Tensor;

use super::batch_norm_relu6::BatchNorm;

/// A convolution without bias, and its BatchNorm.
pub struct ConvNorm<'a> {
    /// Weights (outputs × inputs per group × side × side).
    pub weight: &'a Tensor,
    /// BatchNorm of the outputs.
    pub norm: BatchNorm<'a>,
}

/// The convolutions of a block: 1×1 unless left out, depthwise 3×3 with padding 1, and 1×1. All but the last have a
/// ReLU6 after their BatchNorm.
pub struct InvertedResidual<'a> {
    /// To the wide activations.
    pub expand: Option<ConvNorm<'a>>,
    /// One kernel per channel.
    pub depthwise: ConvNorm<'a>,
    /// To the block's output.
    pub project: ConvNorm<'a>,
    /// Stride of the depthwise convolution, 1 or 2.
    pub stride: usize,
    /// Whether the input (N × C × H × W) is added to the output.
    pub residual: bool,
}

impl InvertedResidual<'_> {
    /// The block's output for the input `x` (N × C × H × W), by batch statistics. Updates the running statistics.
    ///
    /// `None` if the operator does not support the tensors or this platform, or fails (out of memory, for example).
    pub fn train(&self, x: &Tensor) -> Option<Tensor> {
        #[cfg(native_threads)]
        return native::train(self, x);
        #[cfg(not(native_threads))]
        {
            let _ = x;
            None
        }
    }
}

#[cfg(native_threads)]
mod native {
    use std::ptr::null;

    use tch::Tensor;
    use torch_sys::C_tensor;

    use super::{ConvNorm, InvertedResidual};
    use crate::model::libtorch::batch_norm_relu6::NORM_MOMENTUM;
    use crate::model::libtorch::strides::{has_layout, is_channels_last};

    unsafe extern "C" {
        fn skinlesion_inverted_residual(
            tensors: *const *const C_tensor,
            stride: i64,
            momentum: f64,
            epsilon: f64,
            residual: bool,
        ) -> *mut C_tensor;
    }

    pub fn train(block: &InvertedResidual, x: &Tensor) -> Option<Tensor> {
        if !is_supported(block, x) {
            return None;
        }
        let mut tensors = vec![x.as_ptr()];
        for convolution in [
            block.expand.as_ref(),
            Some(&block.depthwise),
            Some(&block.project),
        ] {
            tensors.extend(
                convolution.map_or([null(); 5], |ConvNorm { weight, norm }| {
                    [*weight, norm.gamma, norm.beta, norm.mean, norm.variance]
                        .map(|tensor| tensor.as_ptr())
                }),
            );
        }
        // SAFETY: 16 pointers, null or to tensors that live until the call returns, of the types and layouts that the
        // operator expects (`is_supported`). It returns a new tensor or null.
        let y = unsafe {
            skinlesion_inverted_residual(
                tensors.as_ptr(),
                block.stride as i64,
                NORM_MOMENTUM,
                block.project.norm.epsilon,
                block.residual,
            )
        };
        // SAFETY: the tensor is new, and owned here alone.
        (!y.is_null()).then(|| unsafe { Tensor::from_ptr(y) })
    }

    /// Whether the operator supports the tensors: f32, on the CPU, `x` channels last, weights contiguous and of the
    /// shapes that follow from each other, and channels in multiples of 8, the floats that are computed together.
    fn is_supported(block: &InvertedResidual, x: &Tensor) -> bool {
        let (wide, outputs) = (
            block.depthwise.weight.size()[0],
            block.project.weight.size()[0],
        );
        let [images, inputs, height, width] = x.size()[..] else {
            return false;
        };
        let is = |convolution: &ConvNorm, shape: [i64; 4]| {
            let [outputs, inputs, side, _] = shape;
            let strides = [inputs * side * side, side * side, side, 1];
            convolution.weight.size() == shape
                && has_layout(convolution.weight, &strides)
                && convolution.norm.has_layout(outputs)
                && convolution.norm.epsilon == block.project.norm.epsilon
        };
        is_channels_last(x)
            && images * height * width > 0
            && [inputs, wide, outputs].iter().all(|count| count % 8 == 0)
            && matches!(block.stride, 1 | 2)
            && (!block.residual || (block.stride == 1 && inputs == outputs))
            && is(&block.depthwise, [wide, 1, 3, 3])
            && is(&block.project, [outputs, wide, 1, 1])
            && match &block.expand {
                Some(expand) => is(expand, [wide, inputs, 1, 1]),
                None => inputs == wide,
            }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::model::input::channels_last;

    const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

    /// Values around zero with a deviation of about 1, the same at every call: libtorch's random numbers are shared
    /// with tests that run at the same time.
    fn noise(shape: &[i64]) -> Tensor {
        let count = shape.iter().product::<i64>();
        let wave = Tensor::arange(count, (Kind::Double, Device::Cpu)) * 12.9898;
        let noise = (wave.sin() * 43_758.545_3).frac() * 1.7;
        noise.to_kind(Kind::Float).view(shape)
    }

    /// Channels of input, middle and output, stride, and shape of the input's images.
    struct Case {
        channels: [i64; 3],
        stride: i64,
        images: [i64; 3],
    }

    impl Case {
        /// Weight, scale, shift, running mean and running variance of each convolution.
        fn tensors(&self, kind: Kind) -> Vec<[Tensor; 5]> {
            let [inputs, wide, outputs] = self.channels;
            let shapes = [[wide, inputs, 1, 1], [wide, 1, 3, 3], [outputs, wide, 1, 1]];
            let convolutions = shapes.map(|shape| {
                let deviation = (2.0 / (shape[1] * shape[2] * shape[3]) as f64).sqrt();
                let ramp = |from: f64, to: f64| Tensor::linspace(from, to, shape[0], CPU);
                let trained = [noise(&shape) * deviation, ramp(0.5, 3.0), ramp(-1.0, 4.0)];
                let [weight, gamma, beta] =
                    trained.map(|tensor| tensor.to_kind(kind).set_requires_grad(true));
                let running = [ramp(-0.5, 0.5), ramp(1.0, 2.0)].map(|t| t.to_kind(kind));
                let [mean, variance] = running;
                [weight, gamma, beta, mean, variance]
            });
            let expands = inputs != wide;
            convolutions.into_iter().skip((!expands).into()).collect()
        }

        /// The output, the gradients of `x` and of all that is trained, and the running statistics.
        fn outcome(&self, kind: Kind, ours: bool) -> Vec<Tensor> {
            let tensors = self.tensors(kind);
            let [images, height, width] = self.images;
            let x = noise(&[images, self.channels[0], height, width]) * 2.0 + 1.0;
            let x = channels_last(&x).to_kind(kind).set_requires_grad(true);
            let residual = self.stride == 1 && self.channels[0] == self.channels[2];
            let mut convolutions: Vec<ConvNorm> = tensors.iter().map(conv_norm).collect();
            let y = if ours {
                let (project, depthwise) = (convolutions.pop(), convolutions.pop());
                let block = InvertedResidual {
                    expand: convolutions.pop(),
                    depthwise: depthwise.unwrap(),
                    project: project.unwrap(),
                    stride: self.stride as usize,
                    residual,
                };
                block.train(&x).expect("supported")
            } else {
                let last = convolutions.len() - 1;
                let mut y = x.shallow_clone();
                for (at, ConvNorm { weight, norm }) in convolutions.iter().enumerate() {
                    let depthwise = weight.size()[2] == 3;
                    let (stride, padding) = if depthwise { (self.stride, 1) } else { (1, 0) };
                    let groups = if depthwise { self.channels[1] } else { 1 };
                    let none = None::<&Tensor>;
                    let (stride, padding) = ([stride; 2], [padding; 2]);
                    y = y.conv2d(weight, none, stride, padding, [1, 1], groups);
                    y = norm.train(&y, at != last);
                }
                if residual { y + &x } else { y }
            };
            let weights = (Tensor::arange(y.numel() as i64, CPU) * 0.37).sin();
            let weights = weights.to_kind(kind);
            let sum = (y.permute([0, 2, 3, 1]).reshape([-1]) * weights).sum(kind);
            sum.backward();
            let mut outcome = vec![y.detach(), x.grad()];
            for [weight, gamma, beta, mean, variance] in tensors {
                outcome.extend([weight.grad(), gamma.grad(), beta.grad(), mean, variance]);
            }
            outcome
        }
    }

    fn conv_norm(tensors: &[Tensor; 5]) -> ConvNorm<'_> {
        let [weight, gamma, beta, mean, variance] = tensors;
        let norm = BatchNorm {
            gamma,
            beta,
            mean,
            variance,
            epsilon: 1e-5,
        };
        ConvNorm { weight, norm }
    }

    const fn case(channels: [i64; 3], stride: i64, images: [i64; 3]) -> Case {
        Case {
            channels,
            stride,
            images,
        }
    }

    #[test]
    #[cfg(native_threads)]
    fn a_training_step_equals_libtorchs_in_double_precision() {
        for (at, case) in [
            case([16, 96, 24], 2, [3, 23, 18]),
            case([24, 144, 24], 1, [17, 9, 14]),
            case([32, 32, 16], 1, [2, 12, 11]),
            case([8, 48, 8], 1, [1, 5, 5]),
            case([8, 40, 16], 2, [4, 8, 7]),
            case([160, 960, 160], 1, [33, 1, 2]),
        ]
        .iter()
        .enumerate()
        {
            let expected = case.outcome(Kind::Double, false);
            let difference = |ours: bool| {
                let found = case.outcome(Kind::Float, ours);
                let pairs = found.into_iter().zip(&expected);
                let difference = pairs.map(|(found, expected)| {
                    (found - expected).norm().double_value(&[]) / expected.norm().double_value(&[])
                });
                difference.collect::<Vec<f64>>()
            };
            // Few images make gradients ill-conditioned, for libtorch in single precision as well.
            for (tensor, (ours, theirs)) in
                difference(true).iter().zip(difference(false)).enumerate()
            {
                assert!(
                    *ours < (3.0 * theirs).max(2e-5),
                    "case {at}, tensor {tensor}: {ours}, and {theirs} of libtorch"
                );
            }
        }
    }

    #[test]
    #[cfg(native_threads)]
    fn the_result_does_not_depend_on_the_number_of_threads() {
        let case = case([16, 96, 16], 1, [7, 13, 13]);
        let threads = tch::get_num_threads();
        let run = |threads| {
            tch::set_num_threads(threads);
            case.outcome(Kind::Float, true)
        };
        let (one, two) = (run(1), run(2));
        tch::set_num_threads(threads);
        assert!(one.iter().zip(&two).all(|(one, two)| one == two));
    }

    #[test]
    fn channels_that_are_no_multiple_of_8_are_left_to_libtorch() {
        let case = case([12, 24, 12], 1, [1, 4, 4]);
        let tensors = case.tensors(Kind::Float);
        let x = channels_last(&noise(&[1, 12, 4, 4]));
        let block = InvertedResidual {
            expand: Some(conv_norm(&tensors[0])),
            depthwise: conv_norm(&tensors[1]),
            project: conv_norm(&tensors[2]),
            stride: 1,
            residual: true,
        };
        assert!(block.train(&x).is_none());
    }
}
