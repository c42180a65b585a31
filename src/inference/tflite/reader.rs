//! Operations of a graph as steps: operands found, constants read, everything checked.

use tch::{Kind, Tensor};

use super::ops::{Clip, Convolution, Op, QuantizedAdd, QuantizedConv2d};
use super::step::Step;
use super::table::Problem;
use crate::artifact::tflite::graph;
use crate::artifact::tflite::graph::{Graph, Id, Node};
use crate::artifact::tflite::operation::{Operation, Window};
use crate::artifact::tflite::schema::{Padding, TensorType};

/// Whole numbers up to this size are exact in float32.
const EXACT: f64 = (1 << 24) as f64;

/// Turns operations into steps, in order.
pub struct Reader<'a> {
    graph: &'a Graph,
    /// Constants that were widened when they were read.
    widened: Vec<Option<Tensor>>,
    /// Which values there are by now.
    made: Vec<bool>,
}

/// A grid: scale and zero point.
type ScaleAndZeroPoint = (f32, i64);

impl<'a> Reader<'a> {
    /// Before the first operation: there is the input, and nothing else.
    pub fn new(graph: &'a Graph, input: Id) -> Self {
        let mut made = vec![false; graph.tensors.len()];
        made[input] = true;
        let widened = made.iter().map(|_| None).collect();
        Self {
            graph,
            widened,
            made,
        }
    }

    /// The step of an operation; none for one on a constant, which is done at once.
    pub fn step(&mut self, node: &Node) -> Result<Option<Step>, Problem> {
        let output = node.output;
        let is_new = !self.made[output] && self.tensor(output).data.is_none();
        if !is_new {
            return Err(format!("{} is made twice", self.tensor(output).name));
        }
        let first = node.inputs[0];
        if node.operation == Operation::Dequantize && self.tensor(first).data.is_some() {
            self.widened[output] = Some(self.constant(first)?);
            return Ok(None);
        }
        let codes = self.tensor(first).kind == TensorType::Int8;
        let action = match (node.operation, codes) {
            (Operation::Cast, false) => Op::Cast,
            (Operation::Sub, false) => Op::Sub(self.by_colour(node)?),
            (Operation::Div, false) => Op::Div(self.by_colour(node)?),
            (Operation::Quantize, false) => {
                let grid = self.grid(output)?;
                let (scale, clip) = (grid.0, clip(grid));
                Op::Quantize { scale, clip }
            }
            (Operation::Dequantize, true) => {
                let (scale, _) = self.grid(first)?;
                Op::Dequantize { scale }
            }
            (Operation::Pad, _) => self.border(node, codes)?,
            (Operation::Conv2d(window) | Operation::DepthwiseConv2d(window), false) => {
                Op::Convolution(self.convolution(node, window)?)
            }
            (Operation::Conv2d(window) | Operation::DepthwiseConv2d(window), true) => {
                Op::QuantizedConv2d(self.code_convolution(node, window)?)
            }
            (Operation::Add, false) => Op::Add,
            (Operation::Add, true) => {
                let (a, b) = (self.grid(first)?, self.grid(operand(node, 1)?)?);
                let sum = self.grid(output)?;
                Op::CodeAdd(QuantizedAdd::new([a.0, b.0], sum.0, clip(sum)))
            }
            (Operation::Mean, false) => match self.integers(node, 1)?[..] {
                [1, 2] => Op::Mean,
                _ => return Err("it has a mean over other than height and width".to_owned()),
            },
            (Operation::FullyConnected, false) => Op::FullyConnected {
                weight: self.constant(operand(node, 1)?)?,
                bias: self.constant(operand(node, 2)?)?,
            },
            (Operation::Softmax, false) => Op::Softmax,
            (operation, _) => {
                return Err(format!("{operation:?} on such numbers is not written here"));
            }
        };
        let values = if node.operation == Operation::Add {
            2
        } else {
            1
        };
        let takes: Vec<Id> = node.inputs.iter().copied().take(values).collect();
        if let Some(&id) = takes.iter().find(|&&id| !self.made[id]) {
            return Err(format!("nothing makes {}", self.tensor(id).name));
        }
        self.made[output] = true;
        Ok(Some(Step {
            action,
            takes,
            makes: output,
            last: Vec::new(),
        }))
    }

    /// Whether there is this value by now.
    pub fn makes(&self, id: Id) -> bool {
        self.made[id]
    }

    fn tensor(&self, id: Id) -> &'a graph::Tensor {
        &self.graph.tensors[id]
    }

    /// A constant, in the file's own order; halves as float32.
    fn constant(&self, id: Id) -> Result<Tensor, Problem> {
        let one = self.tensor(id);
        if let Some(widened) = &self.widened[id] {
            return Ok(widened.shallow_clone());
        }
        let Some(data) = &one.data else {
            return Err(format!("{} has no numbers", one.name));
        };
        let kind = match one.kind {
            TensorType::Float32 => Kind::Float,
            TensorType::Float16 => Kind::Half,
            TensorType::Int32 => Kind::Int,
            TensorType::Uint8 => Kind::Uint8,
            TensorType::Int8 => Kind::Int8,
        };
        let shape: Vec<i64> = one.shape.iter().map(|&extent| extent.into()).collect();
        Tensor::f_from_data_size(data, &shape, kind)
            .and_then(|numbers| match kind {
                Kind::Half => numbers.f_to_kind(Kind::Float),
                _ => Ok(numbers),
            })
            .map_err(torch)
    }

    /// The operand of an operation that has a number for each colour, or one for all.
    fn by_colour(&self, node: &Node) -> Result<Tensor, Problem> {
        let by = self.constant(operand(node, 1)?)?;
        by.f_view([1, -1, 1, 1]).map_err(torch)
    }

    /// An operand that is a list of whole numbers.
    fn integers(&self, node: &Node, place: usize) -> Result<Vec<i32>, Problem> {
        let one = self.tensor(operand(node, place)?);
        match (&one.data, one.kind) {
            (Some(data), TensorType::Int32) => {
                let (numbers, _) = data.as_chunks();
                Ok(numbers.iter().map(|&n| i32::from_le_bytes(n)).collect())
            }
            _ => Err(format!("{} is not a list of whole numbers", one.name)),
        }
    }

    fn border(&self, node: &Node, codes: bool) -> Result<Op, Problem> {
        if self.integers(node, 1)? != [0, 0, 1, 1, 1, 1, 0, 0] {
            return Err("it has a border of other than one pixel".to_owned());
        }
        if codes && self.grid(node.inputs[0])? != self.grid(node.output)? {
            return Err("it has a border on another grid than what it surrounds".to_owned());
        }
        Ok(Op::Pad)
    }

    fn convolution(&self, node: &Node, window: Window) -> Result<Convolution, Problem> {
        let (weight, bias) = (operand(node, 1)?, operand(node, 2)?);
        let weight = self.constant(weight)?;
        let (order, groups) = match (node.operation, &weight.size()[..]) {
            (Operation::DepthwiseConv2d(_), &[1, _, _, channels]) => ([3, 0, 1, 2], channels),
            (Operation::Conv2d(_), &[_, _, _, _]) => ([0, 3, 1, 2], 1),
            (_, shape) => return Err(format!("it has a convolution of shape {shape:?}")),
        };
        let weight = weight.f_permute(order).map_err(torch)?;
        let kernel = weight.size()[2];
        let padding = match (window.padding, window.stride) {
            (Padding::Valid, _) => 0,
            (Padding::Same, 1) if kernel % 2 == 1 => kernel / 2,
            _ => return Err("it has padding that is not written here".to_owned()),
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

    /// Codes and steps of a convolution: real sum = input scale · weight scale · (Σ input code · weight code + bias).
    fn code_convolution(&self, node: &Node, window: Window) -> Result<QuantizedConv2d, Problem> {
        let mut codes = self.convolution(node, window)?;
        let name = &self.tensor(node.output).name;
        let (input, output) = (self.grid(node.inputs[0])?, self.grid(node.output)?);
        let weights = self.tensor(operand(node, 1)?).quantization.as_ref();
        let scales = weights.map_or(&[][..], |weights| &weights.scales);
        let outputs = codes.weight.size()[0];
        let is_fit = scales.len() as i64 == outputs
            && codes.bias.size() == [outputs]
            && weights.is_some_and(|weights| weights.zero_points.iter().all(|&zero| zero == 0));
        if !is_fit || window.relu6 {
            return Err(format!(
                "the weights of {name} have no scales, or not one an output"
            ));
        }
        // In float32, in this order, as XNNPACK has it.
        let steps = scales.iter().map(|scale| input.0 * scale / output.0);
        let steps: Vec<f32> = steps.collect();
        let kind = if largest_sum(&codes, input).map_err(torch)? < EXACT {
            Kind::Float
        } else {
            Kind::Double
        };
        codes.weight = codes.weight.f_to_kind(kind).map_err(torch)?;
        codes.bias = codes.bias.f_to_kind(kind).map_err(torch)?;
        let steps = Tensor::f_from_slice(&steps).and_then(|steps| steps.f_view([1, -1, 1, 1]));
        Ok(QuantizedConv2d {
            codes,
            steps: steps.map_err(torch)?,
            clip: clip(output),
        })
    }

    /// How the codes of a value stand for real numbers.
    fn grid(&self, id: Id) -> Result<ScaleAndZeroPoint, Problem> {
        let one = self.tensor(id);
        let lists = one
            .quantization
            .as_ref()
            .map(|q| (&q.scales[..], &q.zero_points[..]));
        match lists {
            Some((&[scale], &[zero])) if scale.is_normal() && scale > 0.0 && is_code(zero) => {
                Ok((scale, zero))
            }
            _ => Err(format!("{} has no usable scale and zero point", one.name)),
        }
    }
}

fn operand(node: &Node, place: usize) -> Result<Id, Problem> {
    let id = node.inputs.get(place).copied();
    id.ok_or_else(|| format!("it has {:?} without all its operands", node.operation))
}

fn is_code(number: i64) -> bool {
    i8::try_from(number).is_ok()
}

/// The codes of a grid, less its zero point.
fn clip((_, zero): ScaleAndZeroPoint) -> Clip {
    Clip([i64::from(i8::MIN) - zero, i64::from(i8::MAX) - zero])
}

/// How far from 0 a sum of products can come, for any input on a grid.
fn largest_sum(codes: &Convolution, input: ScaleAndZeroPoint) -> Result<f64, tch::TchError> {
    let Clip([low, high]) = clip(input);
    let reach = low.abs().max(high.abs()) as f64;
    let weight = codes.weight.f_to_kind(Kind::Double)?.f_abs()?;
    let sums = weight.f_sum_dim_intlist(&[1i64, 2, 3][..], false, Kind::Double)?;
    let bias = codes.bias.f_to_kind(Kind::Double)?.f_abs()?;
    let largest = sums.f_mul_scalar(reach)?.f_add(&bias)?.f_max()?;
    largest.f_double_value(&[])
}

fn torch(error: tch::TchError) -> Problem {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    format!("its numbers do not fit together ({line})")
}
