//! Decodes a TFLite file into its graph and metadata entries.

use super::table::{Problem, Table};
use crate::artifact::tflite::graph::{Graph, Id, Node, Quantization, Tensor};
use crate::artifact::tflite::operation::{Operation, Window};
use crate::artifact::tflite::schema;
use crate::artifact::tflite::schema::{
    NO_ACTIVATION, Padding, RELU6, Slot, TensorType, buffer, metadata, model, operator,
    operator_code, options, quantization, subgraph, tensor,
};

/// The decoded contents of a file.
pub struct File {
    /// The graph.
    pub graph: Graph,
    /// The metadata entries by name.
    pub entries: Vec<(String, Vec<u8>)>,
}

/// Decodes a file with only the operators and options that `skinlesion export` writes. All tensor ids in the graph are
/// valid.
pub fn decode(bytes: &[u8]) -> Result<File, Problem> {
    let model = Table::root(bytes, schema::IDENTIFIER)?;
    let version = model.index(model::VERSION)?;
    if version != schema::VERSION as usize {
        return Err(format!(
            "it has TFLite format version {version}, which is not supported"
        ));
    }
    let buffers = model.list(model::BUFFERS)?.tables()?;
    // Each is used once, as in every export, so that what is copied is no larger than the file.
    let mut buffers: Vec<Option<&[u8]>> = buffers
        .iter()
        .map(|one| one.list(buffer::DATA)?.bytes().map(Some))
        .collect::<Result<_, _>>()?;
    let [main] = model.list(model::SUBGRAPHS)?.tables()?[..] else {
        return Err("it does not have exactly one subgraph".to_owned());
    };
    let tensors = main.list(subgraph::TENSORS)?.tables()?;
    let tensors: Vec<Tensor> = tensors
        .iter()
        .map(|one| read_tensor(one, &mut buffers))
        .collect::<Result<_, _>>()?;
    let codes = model.list(model::OPERATOR_CODES)?.tables()?;
    let codes: Vec<i32> = codes
        .iter()
        .map(|one| {
            let old = one.i8(operator_code::OLD_CODE, 0)?;
            Ok(one.i32(operator_code::CODE, 0)?.max(old.into()))
        })
        .collect::<Result<_, Problem>>()?;
    let count = tensors.len();
    let operations = main.list(subgraph::OPERATORS)?.tables()?;
    let operations = operations
        .iter()
        .map(|one| read_node(one, &codes, count))
        .collect::<Result<_, _>>()?;
    let entries = model.list(model::METADATA)?.tables()?;
    let entries = entries
        .iter()
        .map(|one| {
            let bytes = take(&mut buffers, one.index(metadata::BUFFER)?);
            let bytes = bytes.ok_or("its metadata is damaged")?;
            Ok((one.text(metadata::NAME)?.to_owned(), bytes.to_vec()))
        })
        .collect::<Result<_, Problem>>()?;
    let graph = Graph {
        tensors,
        operations,
        inputs: ids(&main, subgraph::INPUTS, count)?,
        outputs: ids(&main, subgraph::OUTPUTS, count)?,
    };
    Ok(File { graph, entries })
}

/// A list of tensor ids, all below `count`.
fn ids(table: &Table, slot: Slot, count: usize) -> Result<Vec<Id>, Problem> {
    let indices = table.list(slot)?.numbers(i32::from_le_bytes)?;
    let checked = |index| usize::try_from(index).ok().filter(|&index| index < count);
    let ids: Option<Vec<Id>> = indices.into_iter().map(checked).collect();
    ids.ok_or_else(|| "its graph refers to a tensor that does not exist".to_owned())
}

/// A buffer, unless it was taken.
fn take<'a>(buffers: &mut [Option<&'a [u8]>], index: usize) -> Option<&'a [u8]> {
    buffers.get_mut(index)?.take()
}

fn read_tensor(table: &Table, buffers: &mut [Option<&[u8]>]) -> Result<Tensor, Problem> {
    let name = table.text(tensor::NAME)?.to_owned();
    let code = table.i8(tensor::TYPE, 0)?;
    let kind = TensorType::from_code(code)
        .ok_or_else(|| format!("tensor {name} has unsupported type {code}"))?;
    let shape = table.list(tensor::SHAPE)?.numbers(i32::from_le_bytes)?;
    let signature = table
        .list(tensor::SHAPE_SIGNATURE)?
        .numbers(i32::from_le_bytes)?;
    let data = match table.index(tensor::BUFFER)? {
        0 => None,
        index => {
            let data = take(buffers, index)
                .ok_or("the data of a tensor is missing, or used by another")?;
            let mut dims = shape.iter().map(|&dim| usize::try_from(dim).ok());
            let size = dims.try_fold(kind.size(), |size, dim| size.checked_mul(dim?));
            if size != Some(data.len()) {
                let bytes = data.len();
                return Err(format!(
                    "tensor {name} has shape {shape:?}, but {bytes} bytes of data"
                ));
            }
            Some(data.to_vec())
        }
    };
    let quantization = table.table(tensor::QUANTIZATION)?;
    Ok(Tensor {
        quantization: quantization
            .map(|one| read_quantization(&one))
            .transpose()?,
        batched: signature.first() == Some(&-1),
        name,
        shape,
        kind,
        data,
    })
}

fn read_quantization(table: &Table) -> Result<Quantization, Problem> {
    Ok(Quantization {
        scales: table
            .list(quantization::SCALE)?
            .numbers(f32::from_le_bytes)?,
        zero_points: table
            .list(quantization::ZERO_POINT)?
            .numbers(i64::from_le_bytes)?,
        dimension: table.i32(quantization::DIMENSION, 0)?,
    })
}

fn read_node(table: &Table, codes: &[i32], tensors: usize) -> Result<Node, Problem> {
    let code = codes.get(table.index(operator::CODE)?);
    let code = *code.ok_or("its graph refers to an operator that does not exist")?;
    let options = table.table(operator::OPTIONS)?;
    let options = Options(options.as_ref());
    let operation = options.operation(code)?.ok_or_else(|| {
        format!("it uses TFLite operator {code}, or options of it, that are not supported")
    })?;
    let inputs = ids(table, operator::INPUTS, tensors)?;
    match &ids(table, operator::OUTPUTS, tensors)?[..] {
        &[output] if !inputs.is_empty() => Ok(Node {
            operation,
            inputs,
            output,
        }),
        _ => Err(format!(
            "operator {code} has no input, or not exactly one output"
        )),
    }
}

/// The options of an operator; `None` means defaults.
struct Options<'a>(Option<&'a Table<'a>>);

impl Options<'_> {
    /// The operation of an operator code, if all its options are supported.
    fn operation(&self, code: i32) -> Result<Option<Operation>, Problem> {
        use options::*;
        let plain = Window {
            stride: 1,
            padding: Padding::Valid,
            relu6: false,
        };
        let all = [
            Operation::Add,
            Operation::Cast,
            Operation::Conv2d(plain),
            Operation::DepthwiseConv2d(plain),
            Operation::Dequantize,
            Operation::Div,
            Operation::FullyConnected,
            Operation::Mean,
            Operation::Mul,
            Operation::Pad,
            Operation::Quantize,
            Operation::Softmax,
            Operation::Sub,
        ];
        let Some(operation) = all.into_iter().find(|one| one.code() == code) else {
            return Ok(None);
        };
        let no_activation = || Ok::<_, Problem>(self.i8(ACTIVATION)? == NO_ACTIVATION);
        let is_supported = match operation {
            Operation::Conv2d(_) => {
                let dilations = [CONV_DILATION_W, CONV_DILATION_H];
                let window = self.window(CONV_ACTIVATION, dilations)?;
                return Ok(window.map(Operation::Conv2d));
            }
            Operation::DepthwiseConv2d(_) => {
                let dilations = [DEPTHWISE_DILATION_W, DEPTHWISE_DILATION_H];
                let window = self.window(DEPTHWISE_ACTIVATION, dilations)?;
                let window = window.filter(|_| self.is(DEPTHWISE_MULTIPLIER, 1));
                return Ok(window.map(Operation::DepthwiseConv2d));
            }
            Operation::Add | Operation::Sub | Operation::Div | Operation::Mul => no_activation()?,
            Operation::FullyConnected => {
                let plain = self.i8(FULLY_CONNECTED_FORMAT)? == 0;
                plain && self.i8(FULLY_CONNECTED_KEEP_DIMS)? == 0 && no_activation()?
            }
            Operation::Mean => self.i8(REDUCER_KEEP_DIMS)? == 0,
            Operation::Softmax => match self.0 {
                Some(table) => table.f32(SOFTMAX_BETA, 0.0)? == 1.0,
                None => false,
            },
            _ => true,
        };
        Ok(is_supported.then_some(operation))
    }

    fn window(&self, activation: Slot, dilations: [Slot; 2]) -> Result<Option<Window>, Problem> {
        let Some(table) = self.0 else {
            return Ok(None);
        };
        let stride = table.i32(options::CONV_STRIDE_W, 0)?;
        let clip = table.i8(activation, NO_ACTIVATION)?;
        let padding = Padding::from_code(table.i8(options::CONV_PADDING, 0)?);
        let is_supported = (1..=2).contains(&stride)
            && self.is(options::CONV_STRIDE_H, stride)
            && (clip == RELU6 || clip == NO_ACTIVATION)
            && dilations.iter().all(|&slot| table.i32(slot, 1) == Ok(1));
        Ok(padding.filter(|_| is_supported).map(|padding| Window {
            stride,
            padding,
            relu6: clip == RELU6,
        }))
    }

    fn is(&self, slot: Slot, value: i32) -> bool {
        self.0.is_some_and(|table| table.i32(slot, 0) == Ok(value))
    }

    fn i8(&self, slot: Slot) -> Result<i8, Problem> {
        self.0.map_or(Ok(0), |table| table.i8(slot, 0))
    }
}
