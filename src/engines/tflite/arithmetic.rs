//! What the operators compute, in libtorch. Images and activations lie N × C × H × W, channels last in memory, which is
//! the file's own order.
//!
//! Codes are held as float32, already with the zero point taken away, so that 0 stands for 0. Products of codes are
//! added exactly: in float32 as long as every sum stays below 2²⁴, else in float64. Sums are scaled in float32 and
//! rounded to the nearest even code, as XNNPACK does, which runs such files on phones; TFLite's own kernels scale in
//! fixed point, and now and then give the neighbouring code.

use tch::{Kind, TchError, Tensor};

/// What a step does with its values.
pub enum Action {
    /// Bytes to real numbers.
    Cast,
    /// Takes one number a colour away (1 × C × 1 × 1).
    Sub(Tensor),
    /// Divides by one number a colour.
    Div(Tensor),
    /// Real numbers to codes.
    Quantize { scale: f64, clip: Clip },
    /// Codes to real numbers.
    Dequantize { scale: f64 },
    /// A border of one zero.
    Pad,
    /// A convolution of real numbers.
    Convolution(Convolution),
    /// A convolution of codes.
    CodeConvolution(CodeConvolution),
    /// The sum of real numbers.
    Add,
    /// The sum of codes on different grids: what a step of each input is in steps of the output.
    CodeAdd { steps: [f64; 2], clip: Clip },
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
pub struct CodeConvolution {
    /// Weights and bias in codes.
    pub codes: Convolution,
    /// What a step of the sum is in steps of the output (1 × outputs × 1 × 1).
    pub steps: Tensor,
    /// Where the output's grid ends.
    pub clip: Clip,
}

impl Action {
    /// The value that comes of some values: one, or two for a sum.
    pub fn run(&self, values: &[&Tensor]) -> Result<Tensor, TchError> {
        let [x, others @ ..] = values else {
            return Err(TchError::Shape("an operation without values".to_owned()));
        };
        match self {
            Self::Cast => x.f_to_kind(Kind::Float),
            Self::Sub(by) => x.f_sub(by),
            Self::Div(by) => x.f_div(by),
            Self::Quantize { scale, clip } => clip.nearest(x.f_div_scalar(*scale)?),
            Self::Dequantize { scale } => x.f_mul_scalar(*scale),
            Self::Pad => x.f_constant_pad_nd([1, 1, 1, 1]),
            Self::Convolution(convolution) => {
                let mut y = convolution.run(x)?;
                if convolution.relu6 {
                    y = y.f_relu6_()?;
                }
                Ok(y)
            }
            Self::CodeConvolution(convolution) => convolution.run(x),
            Self::Add => match others {
                [other] => x.f_add(other),
                _ => Err(TchError::Shape("a sum of other than two".to_owned())),
            },
            Self::CodeAdd { steps, clip } => match others {
                [other] => {
                    let mut sum = x.f_mul_scalar(steps[0])?;
                    clip.nearest(sum.f_add_(&other.f_mul_scalar(steps[1])?)?)
                }
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

impl Convolution {
    fn run(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        let bias = Some(&self.bias);
        x.f_conv2d(&self.weight, bias, stride, padding, [1, 1], self.groups)
    }
}

impl CodeConvolution {
    fn run(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let kind = self.codes.weight.kind();
        let mut sums = self.codes.run(&x.f_to_kind(kind)?)?;
        let codes = self.clip.nearest(sums.f_mul_(&self.steps)?)?;
        codes.f_to_kind(Kind::Float)
    }
}
