//! What the operators compute, in libtorch. Images and activations lie N × C × H × W, channels last in memory, which is
//! the file's own order.
//!
//! Codes are held as float32, already with the zero point taken away, so that 0 stands for 0. The arithmetic on them is
//! XNNPACK's, which runs such files on phones: products are added exactly (in float32 as long as every sum
//! stays below 2²⁴, else in float64), scaled in float32 and rounded to the nearest even code; sums of two inputs are
//! scaled in fixed point. TFLite's own kernels round otherwise, and now and then give the neighbouring code.

use tch::{Kind, TchError, Tensor};

/// What a step does with its values.
pub enum Op {
    /// Bytes to real numbers.
    Cast,
    /// Takes one number a colour away (1 × C × 1 × 1).
    Sub(Tensor),
    /// Divides by one number a colour.
    Div(Tensor),
    /// Real numbers to codes.
    Quantize { scale: f32, clip: Clip },
    /// Codes to real numbers.
    Dequantize { scale: f32 },
    /// A border of one zero.
    Pad,
    /// A convolution of real numbers.
    Convolution(Convolution),
    /// A convolution of codes.
    QuantizedConv2d(QuantizedConv2d),
    /// The sum of real numbers.
    Add,
    /// The sum of codes on different grids.
    CodeAdd(QuantizedAdd),
    /// Over height and width.
    Mean,
    /// Features to logits: outputs × inputs, and outputs.
    FullyConnected { weight: Tensor, bias: Tensor },
    /// Over the classes.
    Softmax,
}

/// The lowest and highest code, less the zero point.
#[derive(Clone, Copy)]
pub struct Clip(pub [i64; 2]);

/// How codes on two grids are added.
pub struct QuantizedAdd {
    /// What a step of each input is in steps of the output, as a multiple of a power of two with 21 bits for the larger.
    pub steps: [f64; 2],
    /// Where the output's grid ends.
    pub clip: Clip,
}

/// A convolution's numbers.
pub struct Convolution {
    /// outputs × inputs per group × kernel × kernel.
    pub weight: Tensor,
    /// One per output.
    pub bias: Tensor,
    pub stride: i64,
    /// Zeros beyond the border.
    pub padding: i64,
    pub groups: i64,
    pub relu6: bool,
}

/// A convolution of codes: whole numbers, held as float32 or, where sums need it, as float64.
pub struct QuantizedConv2d {
    /// Weights and bias in codes.
    pub codes: Convolution,
    /// What a step of the sum is in steps of the output (1 × outputs × 1 × 1).
    pub steps: Tensor,
    /// Where the output's grid ends.
    pub clip: Clip,
}

impl Op {
    /// The value that comes of some values: one, or two for a sum.
    pub fn run(&self, values: &[&Tensor]) -> Result<Tensor, TchError> {
        let [x, others @ ..] = values else {
            return Err(TchError::Shape("an operation without values".to_owned()));
        };
        match self {
            Self::Cast => x.f_to_kind(Kind::Float),
            Self::Sub(by) => x.f_sub(by),
            Self::Div(by) => x.f_div(by),
            Self::Quantize { scale, clip } => {
                clip.nearest(x.f_mul_scalar(f64::from(scale.recip()))?)
            }
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
                _ => Err(TchError::Shape("a sum of other than two".to_owned())),
            },
            Self::CodeAdd(sum) => match others {
                [other] => sum.run(x, other),
                _ => Err(TchError::Shape("a sum of other than two".to_owned())),
            },
            Self::Mean => x.f_mean_dim(&[2i64, 3][..], false, Kind::Float),
            Self::FullyConnected { weight, bias } => x.f_linear(weight, Some(bias)),
            Self::Softmax => x.f_softmax(-1, Kind::Float),
        }
    }
}

impl Clip {
    /// Rounds and clips numbers, in their own memory.
    fn nearest(self, mut numbers: Tensor) -> Result<Tensor, TchError> {
        let Self([low, high]) = self;
        numbers.f_round_()?.f_clamp_(low, high)
    }
}

impl QuantizedAdd {
    /// For grids of these steps: as XNNPACK's addition of signed bytes, whose factors are whole numbers.
    pub fn new(inputs: [f32; 2], output: f32, clip: Clip) -> Self {
        let factors = inputs.map(|input| f64::from(input / output));
        let exponent = factors[0].max(factors[1]).log2().floor() as i32;
        let unit = 2.0f64.powi(20 - exponent.clamp(-64, 64));
        Self {
            steps: factors.map(|factor| (factor * unit).round_ties_even() / unit),
            clip,
        }
    }

    fn run(&self, a: &Tensor, b: &Tensor) -> Result<Tensor, TchError> {
        let [a_step, b_step] = self.steps;
        // Exact in float64; halves are rounded up, since the fixed point is cut off after a half is added.
        let mut sum = a.f_to_kind(Kind::Double)?.f_mul_scalar(a_step)?;
        let mut sum = sum.f_add_(&b.f_to_kind(Kind::Double)?.f_mul_scalar(b_step)?)?;
        let whole = sum.f_add_scalar_(0.5)?.f_floor_()?;
        self.clip.nearest(whole.f_to_kind(Kind::Float)?)
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
        let sums = self.codes.run(&x.f_to_kind(self.codes.weight.kind())?)?;
        let mut sums = sums.f_to_kind(Kind::Float)?;
        self.clip.nearest(sums.f_mul_(&self.steps)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIP: Clip = Clip([-128, 127]);

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        Vec::try_from(tensor.view(-1)).unwrap()
    }

    #[test]
    fn codes_are_the_nearest_ones_within_the_grid() {
        let clip = Clip([-28, 227]); // a zero point of −100
        let action = Op::Quantize { scale: 0.5, clip };
        let real = Tensor::from_slice(&[-20.0f32, -0.3, 0.25, 0.75, 0.8, 500.0]);
        let codes = action.run(&[&real]).unwrap();
        assert_eq!(numbers(&codes), [-28.0, -1.0, 0.0, 2.0, 2.0, 227.0]);
        let real = Op::Dequantize { scale: 0.5 }.run(&[&codes]).unwrap();
        assert_eq!(numbers(&real), [-14.0, -0.5, 0.0, 1.0, 1.0, 113.5]);
    }

    #[test]
    fn codes_on_different_grids_are_added_as_the_numbers_that_they_stand_for() {
        let sum = QuantizedAdd::new([0.1, 0.3], 0.2, CLIP);
        let [a, b] = [[10.0f32, 7.0, 100.0], [20.0, -4.0, 100.0]].map(|v| Tensor::from_slice(&v));
        let codes = Op::CodeAdd(sum).run(&[&a, &b]).unwrap();
        // (1 + 6) / 0.2; (0.7 − 1.2) / 0.2 = −2.5, upwards; beyond the grid
        assert_eq!(numbers(&codes), [35.0, -2.0, 127.0]);
    }

    #[test]
    fn sums_of_products_are_exact() {
        let (channels, kind) = (2048, Kind::Double);
        let codes = Tensor::full([1, channels, 1, 1], 255, (Kind::Float, tch::Device::Cpu));
        let convolution = QuantizedConv2d {
            codes: Convolution {
                weight: Tensor::full([1, channels, 1, 1], 127, (kind, tch::Device::Cpu)),
                bias: Tensor::from_slice(&[-127.0 * 255.0 * 2048.0 + 3.0]).to_kind(kind),
                stride: 1,
                padding: 0,
                groups: 1,
                relu6: false,
            },
            steps: Tensor::ones([1, 1, 1, 1], (Kind::Float, tch::Device::Cpu)),
            clip: CLIP,
        };
        assert_eq!(numbers(&convolution.run(&codes).unwrap()), [3.0]);
    }
}
