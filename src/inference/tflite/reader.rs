//! Converts the operations of a graph to steps: resolves operands, reads constants, checks everything.

use tch::{Kind, Tensor};

use super::ops::{Clip, Convolution, Op, QuantizedAdd, QuantizedConv2d};
use super::step::Step;
use super::table::Problem;
use crate::artifact::tflite::graph::{self, Graph, Id, Node};
use crate::artifact::tflite::operation::{Operation, Window};
use crate::artifact::tflite::schema::{Padding, TensorType};
use crate::model::libtorch::tensor_from_bytes::tensor_from_bytes;

/// Integers up to this size are exact in float32.
const EXACT: f64 = (1 << 24) as f64;

/// Converts operations to steps, in order.
pub struct Reader<'a> {
    graph: &'a Graph,
    /// Constants that the file stores in float16, as float32.
    widened: Vec<Option<Tensor>>,
    /// Whether the input or an earlier step provides each value.
    available: Vec<bool>,
}

/// The quantization parameters of a tensor.
type ScaleAndZeroPoint = (f32, i64);

impl<'a> Reader<'a> {
    /// Starts before the first operation, with only the input available.
    pub fn new(graph: &'a Graph, input: Id) -> Self {
        let mut available = vec![false; graph.tensors.len()];
        available[input] = true;
        let widened = available.iter().map(|_| None).collect();
        Self {
            graph,
            widened,
            available,
        }
    }

    /// The step of an operation; `None` for the dequantization of a constant, which is computed immediately.
    pub fn step(&mut self, node: &Node) -> Result<Option<Step>, Problem> {
        let output = node.output;
        let is_new = !self.available[output] && self.tensor(output).data.is_none();
        if !is_new {
            return Err(format!(
                "value {} is computed twice",
                self.tensor(output).name
            ));
        }
        let first = node.inputs[0];
        if node.operation == Operation::Dequantize && self.tensor(first).data.is_some() {
            self.widened[output] = Some(self.constant(first)?);
            return Ok(None);
        }
        let quantized = self.tensor(first).kind == TensorType::Int8;
        let op = match (node.operation, quantized) {
            (Operation::Cast, false) => Op::Cast,
            (Operation::Sub, false) => Op::Sub(self.per_channel(node)?),
            (Operation::Div, false) => Op::Div(self.per_channel(node)?),
            (Operation::Quantize, false) => {
                let params = self.params(output)?;
                let (scale, clip) = (params.0, clip(params));
                Op::Quantize { scale, clip }
            }
            (Operation::Dequantize, true) => {
                let (scale, _) = self.params(first)?;
                Op::Dequantize { scale }
            }
            (Operation::Pad, _) => self.padding(node, quantized)?,
            (Operation::Conv2d(window) | Operation::DepthwiseConv2d(window), false) => {
                Op::Convolution(self.convolution(node, window)?)
            }
            (Operation::Conv2d(window) | Operation::DepthwiseConv2d(window), true) => {
                Op::QuantizedConv2d(self.quantized_convolution(node, window)?)
            }
            (Operation::Add, false) => Op::Add,
            (Operation::Mul, false) => Op::Mul,
            (Operation::Add, true) => {
                let (a, b) = (self.params(first)?, self.params(operand(node, 1)?)?);
                let sum = self.params(output)?;
                Op::QuantizedAdd(QuantizedAdd::new([a.0, b.0], sum.0, clip(sum)))
            }
            (Operation::Mean, false) => match self.integers(node, 1)?[..] {
                [1, 2] => Op::Mean,
                _ => return Err("it has a mean over axes other than height and width".to_owned()),
            },
            (Operation::FullyConnected, false) => Op::FullyConnected {
                weight: self.constant(operand(node, 1)?)?,
                bias: self.constant(operand(node, 2)?)?,
            },
            (Operation::Softmax, false) => Op::Softmax,
            (operation, _) => {
                return Err(format!(
                    "{operation:?} is not supported for this tensor type"
                ));
            }
        };
        let count = match node.operation {
            Operation::Add | Operation::Mul => 2,
            _ => 1,
        };
        let inputs: Vec<Id> = node.inputs.iter().copied().take(count).collect();
        if let Some(&id) = inputs.iter().find(|&&id| !self.available[id]) {
            return Err(format!("no operator computes {}", self.tensor(id).name));
        }
        self.available[output] = true;
        Ok(Some(Step {
            op,
            inputs,
            output,
            last_uses: Vec::new(),
        }))
    }

    /// Whether the input or an earlier step provides this value.
    pub fn has_value(&self, id: Id) -> bool {
        self.available[id]
    }

    fn tensor(&self, id: Id) -> &'a graph::Tensor {
        &self.graph.tensors[id]
    }

    /// A constant in the order of the file; float16 is converted to float32.
    fn constant(&self, id: Id) -> Result<Tensor, Problem> {
        let one = self.tensor(id);
        if let Some(widened) = &self.widened[id] {
            return Ok(widened.shallow_clone());
        }
        let Some(data) = &one.data else {
            return Err(format!("tensor {} has no data", one.name));
        };
        let kind = match one.kind {
            TensorType::Float32 => Kind::Float,
            TensorType::Float16 => Kind::Half,
            TensorType::Int32 => Kind::Int,
            TensorType::Uint8 => Kind::Uint8,
            TensorType::Int8 => Kind::Int8,
        };
        let shape: Vec<i64> = one.shape.iter().map(|&dim| dim.into()).collect();
        tensor_from_bytes(data, &shape, kind)
            .and_then(|values| match kind {
                Kind::Half => values.f_to_kind(Kind::Float),
                _ => Ok(values),
            })
            .map_err(torch)
    }

    /// A constant operand with one value per channel of an image or per feature, or one for all.
    fn per_channel(&self, node: &Node) -> Result<Tensor, Problem> {
        let constant = self.constant(operand(node, 1)?)?;
        let shape: &[i64] = match self.tensor(node.inputs[0]).shape.len() {
            2 => &[1, -1],
            _ => &[1, -1, 1, 1],
        };
        constant.f_view(shape).map_err(torch)
    }

    /// A constant operand that is a list of integers.
    fn integers(&self, node: &Node, index: usize) -> Result<Vec<i32>, Problem> {
        let one = self.tensor(operand(node, index)?);
        match (&one.data, one.kind) {
            (Some(data), TensorType::Int32) => {
                let (numbers, _) = data.as_chunks();
                Ok(numbers.iter().map(|&n| i32::from_le_bytes(n)).collect())
            }
            _ => Err(format!("tensor {} is not a list of integers", one.name)),
        }
    }

    fn padding(&self, node: &Node, quantized: bool) -> Result<Op, Problem> {
        if self.integers(node, 1)? != [0, 0, 1, 1, 1, 1, 0, 0] {
            return Err("it has padding other than one pixel per side".to_owned());
        }
        if quantized && self.params(node.inputs[0])? != self.params(node.output)? {
            return Err("padding changes the quantization parameters".to_owned());
        }
        Ok(Op::Pad)
    }

    fn convolution(&self, node: &Node, window: Window) -> Result<Convolution, Problem> {
        let (weight, bias) = (operand(node, 1)?, operand(node, 2)?);
        let weight = self.constant(weight)?;
        let (order, groups) = match (node.operation, &weight.size()[..]) {
            (Operation::DepthwiseConv2d(_), &[1, _, _, channels]) => ([3, 0, 1, 2], channels),
            (Operation::Conv2d(_), &[_, _, _, _]) => ([0, 3, 1, 2], 1),
            (_, shape) => {
                return Err(format!(
                    "it has a convolution with unsupported weight shape {shape:?}"
                ));
            }
        };
        let weight = weight.f_permute(order).map_err(torch)?;
        let kernel = weight.size()[2];
        let padding = match (window.padding, window.stride) {
            (Padding::Valid, _) => 0,
            (Padding::Same, 1) if kernel % 2 == 1 => kernel / 2,
            _ => return Err("it has a convolution with unsupported padding".to_owned()),
        };
        Ok(Convolution {
            weight: weight.f_contiguous().map_err(torch)?,
            bias: self.constant(bias)?,
            stride: window.stride.into(),
            padding,
            groups,
            relu6: window.relu6,
        })
    }

    /// An int8 convolution: real sum = input scale · weight scale · (Σ input · weight + bias), in quantized values.
    fn quantized_convolution(
        &self,
        node: &Node,
        window: Window,
    ) -> Result<QuantizedConv2d, Problem> {
        let mut convolution = self.convolution(node, window)?;
        let name = &self.tensor(node.output).name;
        let (input, output) = (self.params(node.inputs[0])?, self.params(node.output)?);
        let weights = self.tensor(operand(node, 1)?).quantization.as_ref();
        let scales = weights.map_or(&[][..], |weights| &weights.scales);
        let outputs = convolution.weight.size()[0];
        let is_valid = scales.len() as i64 == outputs
            && convolution.bias.size() == [outputs]
            && weights.is_some_and(|weights| weights.zero_points.iter().all(|&zero| zero == 0));
        if !is_valid || window.relu6 {
            return Err(format!(
                "the weights of {name} do not have one scale per output channel, or have a fused activation"
            ));
        }
        // In float32 and in this order, as in XNNPACK.
        let multipliers = scales.iter().map(|scale| input.0 * scale / output.0);
        let multipliers: Vec<f32> = multipliers.collect();
        let kind = if largest_sum(&convolution, input).map_err(torch)? < EXACT {
            Kind::Float
        } else {
            Kind::Double
        };
        convolution.weight = convolution.weight.f_to_kind(kind).map_err(torch)?;
        convolution.bias = convolution.bias.f_to_kind(kind).map_err(torch)?;
        let multipliers =
            Tensor::f_from_slice(&multipliers).and_then(|values| values.f_view([1, -1, 1, 1]));
        Ok(QuantizedConv2d {
            convolution,
            multipliers: multipliers.map_err(torch)?,
            clip: clip(output),
        })
    }

    /// The scale and zero point of a tensor.
    fn params(&self, id: Id) -> Result<ScaleAndZeroPoint, Problem> {
        let one = self.tensor(id);
        let lists = one
            .quantization
            .as_ref()
            .map(|q| (&q.scales[..], &q.zero_points[..]));
        match lists {
            Some((&[scale], &[zero])) if scale.is_normal() && scale > 0.0 && is_int8(zero) => {
                Ok((scale, zero))
            }
            _ => Err(format!(
                "tensor {} has no valid scale and zero point",
                one.name
            )),
        }
    }
}

fn operand(node: &Node, index: usize) -> Result<Id, Problem> {
    let id = node.inputs.get(index).copied();
    id.ok_or_else(|| format!("an operand of {:?} is missing", node.operation))
}

fn is_int8(number: i64) -> bool {
    i8::try_from(number).is_ok()
}

/// The int8 range minus the zero point.
fn clip((_, zero): ScaleAndZeroPoint) -> Clip {
    Clip([i64::from(i8::MIN) - zero, i64::from(i8::MAX) - zero])
}

/// An upper bound of the absolute sum of products, for any input with these quantization parameters.
fn largest_sum(convolution: &Convolution, input: ScaleAndZeroPoint) -> Result<f64, tch::TchError> {
    let Clip([low, high]) = clip(input);
    let reach = low.abs().max(high.abs()) as f64;
    let weight = convolution.weight.f_to_kind(Kind::Double)?.f_abs()?;
    let sums = weight.f_sum_dim_intlist(&[1i64, 2, 3][..], false, Kind::Double)?;
    let bias = convolution.bias.f_to_kind(Kind::Double)?.f_abs()?;
    let largest = sums.f_mul_scalar(reach)?.f_add(&bias)?.f_max()?;
    largest.f_double_value(&[])
}

fn torch(error: tch::TchError) -> Problem {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    format!("the shapes of its tensors are inconsistent ({line})")
}
