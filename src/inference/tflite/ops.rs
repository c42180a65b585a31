//! The operators, implemented in libtorch. Images and activations are N × C × H × W tensors in channels-last memory
//! format, which is the order of the file.
//!
//! Quantized values are held as float32 with the zero point subtracted, so 0 represents 0. The arithmetic is that of
//! XNNPACK, which runs such files on phones: products are summed exactly (in float32 if every sum stays below 2²⁴, else
//! in float64), scaled in float32 and rounded half to even; additions are scaled in fixed point. TFLite's reference
//! kernels round differently and sometimes give a value that differs by 1.

use tch::{Kind, TchError, Tensor};

/// An operator with its constants.
pub enum Op {
    /// Bytes to float32.
    Cast,
    /// Subtracts a constant per channel (1 × C × 1 × 1) or feature (1 × C).
    Sub(Tensor),
    /// Divides by a constant per channel.
    Div(Tensor),
    /// Elementwise product in float32.
    Mul,
    /// float32 to int8.
    Quantize { scale: f32, clip: Clip },
    /// int8 to float32.
    Dequantize { scale: f32 },
    /// Zero padding of one pixel on each side.
    Pad,
    /// A float32 convolution.
    Convolution(Convolution),
    /// An int8 convolution.
    QuantizedConv2d(QuantizedConv2d),
    /// Elementwise sum in float32.
    Add,
    /// Elementwise sum in int8.
    QuantizedAdd(QuantizedAdd),
    /// Mean over height and width.
    Mean,
    /// Features to logits; the weight is outputs × inputs.
    FullyConnected { weight: Tensor, bias: Tensor },
    /// Softmax over the classes.
    Softmax,
}

/// The int8 range minus the zero point.
#[derive(Clone, Copy)]
pub struct Clip(pub [i64; 2]);

/// Addition of int8 values with different quantization parameters.
pub struct QuantizedAdd {
    /// Input scale / output scale for each input, in fixed point: the larger has 21 significant bits.
    pub multipliers: [f64; 2],
    /// The range of the output.
    pub clip: Clip,
}

/// Weights and settings of a convolution.
pub struct Convolution {
    /// outputs × inputs per group × kernel × kernel.
    pub weight: Tensor,
    /// One value per output channel.
    pub bias: Tensor,
    pub stride: i64,
    /// Zero padding on each side.
    pub padding: i64,
    pub groups: i64,
    pub relu6: bool,
}

/// An int8 convolution. Integers are held as float32, or as float64 if sums need it.
pub struct QuantizedConv2d {
    /// Quantized weights and bias.
    pub convolution: Convolution,
    /// Scale of the sum / scale of the output, per channel (1 × outputs × 1 × 1).
    pub multipliers: Tensor,
    /// The range of the output.
    pub clip: Clip,
}

impl Op {
    /// Computes the output from the inputs: two for additions and products, one for all others.
    pub fn run(&self, inputs: &[&Tensor]) -> Result<Tensor, TchError> {
        let [x, others @ ..] = inputs else {
            return Err(TchError::Shape("an operator without inputs".to_owned()));
        };
        match self {
            Self::Cast => x.f_to_kind(Kind::Float),
            Self::Sub(by) => x.f_sub(by),
            Self::Div(by) => x.f_div(by),
            Self::Quantize { scale, clip } => clip.round(x.f_mul_scalar(f64::from(scale.recip()))?),
            Self::Dequantize { scale } => x.f_mul_scalar(f64::from(*scale)),
            Self::Pad => x.f_constant_pad_nd([1, 1, 1, 1]),
            Self::Convolution(convolution) => {
                let mut y = convolution.run(x)?;
                if convolution.relu6 {
                    y = y.f_relu6_()?;
                }
                Ok(y)
            }
            Self::QuantizedConv2d(convolution) => convolution.run(x),
            Self::Add => match others {
                [other] => x.f_add(other),
                _ => Err(TchError::Shape("an addition without two inputs".to_owned())),
            },
            Self::Mul => match others {
                [other] => x.f_mul(other),
                _ => Err(TchError::Shape("a product without two inputs".to_owned())),
            },
            Self::QuantizedAdd(sum) => match others {
                [other] => sum.run(x, other),
                _ => Err(TchError::Shape("an addition without two inputs".to_owned())),
            },
            Self::Mean => x.f_mean_dim(&[2i64, 3][..], false, Kind::Float),
            Self::FullyConnected { weight, bias } => x.f_linear(weight, Some(bias)),
            Self::Softmax => x.f_softmax(-1, Kind::Float),
        }
    }
}

impl Clip {
    /// Rounds and clamps in place.
    fn round(self, mut numbers: Tensor) -> Result<Tensor, TchError> {
        let Self([low, high]) = self;
        numbers.f_round_()?.f_clamp_(low, high)
    }
}

impl QuantizedAdd {
    /// Computes the multipliers from the scales of the inputs and of the output, in the fixed point of XNNPACK's int8
    /// addition.
    pub fn new(inputs: [f32; 2], output: f32, clip: Clip) -> Self {
        let ratios = inputs.map(|input| f64::from(input / output));
        let exponent = ratios[0].max(ratios[1]).log2().floor() as i32;
        let unit = 2.0f64.powi(20 - exponent.clamp(-64, 64));
        Self {
            multipliers: ratios.map(|ratio| (ratio * unit).round_ties_even() / unit),
            clip,
        }
    }

    fn run(&self, a: &Tensor, b: &Tensor) -> Result<Tensor, TchError> {
        let [a_multiplier, b_multiplier] = self.multipliers;
        // Exact in float64. Halves are rounded up, because fixed point truncates after adding ½.
        let mut sum = a.f_to_kind(Kind::Double)?.f_mul_scalar(a_multiplier)?;
        let mut sum = sum.f_add_(&b.f_to_kind(Kind::Double)?.f_mul_scalar(b_multiplier)?)?;
        let rounded = sum.f_add_scalar_(0.5)?.f_floor_()?;
        self.clip.round(rounded.f_to_kind(Kind::Float)?)
    }
}

impl Convolution {
    fn run(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        let bias = Some(&self.bias);
        x.f_conv2d(&self.weight, bias, stride, padding, [1, 1], self.groups)
    }
}

impl QuantizedConv2d {
    fn run(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let sums = self
            .convolution
            .run(&x.f_to_kind(self.convolution.weight.kind())?)?;
        let mut sums = sums.f_to_kind(Kind::Float)?;
        self.clip.round(sums.f_mul_(&self.multipliers)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIP: Clip = Clip([-128, 127]);

    fn values(tensor: &Tensor) -> Vec<f32> {
        Vec::try_from(tensor.view(-1)).unwrap()
    }

    #[test]
    fn quantize_rounds_half_to_even_and_clamps() {
        let clip = Clip([-28, 227]); // a zero point of −100
        let op = Op::Quantize { scale: 0.5, clip };
        let real = Tensor::from_slice(&[-20.0f32, -0.3, 0.25, 0.75, 0.8, 500.0]);
        let quantized = op.run(&[&real]).unwrap();
        assert_eq!(values(&quantized), [-28.0, -1.0, 0.0, 2.0, 2.0, 227.0]);
        let real = Op::Dequantize { scale: 0.5 }.run(&[&quantized]).unwrap();
        assert_eq!(values(&real), [-14.0, -0.5, 0.0, 1.0, 1.0, 113.5]);
    }

    #[test]
    fn quantized_addition_adds_the_dequantized_values() {
        let sum = QuantizedAdd::new([0.1, 0.3], 0.2, CLIP);
        let [a, b] = [[10.0f32, 7.0, 100.0], [20.0, -4.0, 100.0]].map(|v| Tensor::from_slice(&v));
        let quantized = Op::QuantizedAdd(sum).run(&[&a, &b]).unwrap();
        // (1 + 6) / 0.2; (0.7 − 1.2) / 0.2 = −2.5, rounded up; clamped
        assert_eq!(values(&quantized), [35.0, -2.0, 127.0]);
    }

    #[test]
    fn sums_of_products_are_exact() {
        let (channels, kind) = (2048, Kind::Double);
        let input = Tensor::full([1, channels, 1, 1], 255, (Kind::Float, tch::Device::Cpu));
        let convolution = QuantizedConv2d {
            convolution: Convolution {
                weight: Tensor::full([1, channels, 1, 1], 127, (kind, tch::Device::Cpu)),
                bias: Tensor::from_slice(&[-127.0 * 255.0 * 2048.0 + 3.0]).to_kind(kind),
                stride: 1,
                padding: 0,
                groups: 1,
                relu6: false,
            },
            multipliers: Tensor::ones([1, 1, 1, 1], (Kind::Float, tch::Device::Cpu)),
            clip: CLIP,
        };
        assert_eq!(values(&convolution.run(&input).unwrap()), [3.0]);
    }
}
