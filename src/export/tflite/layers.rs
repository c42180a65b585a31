//! The parts that float and int8 TFLite graphs share: normalisation, layers and head.

use crate::artifact::interface::{INPUT, InputKind, LOGITS, NOVELTY, PROBABILITIES};
use crate::artifact::quantization::QuantizationParams;
use crate::artifact::tflite::graph::{Graph, Id, Quantization};
use crate::artifact::tflite::operation::{Operation, Window};
use crate::artifact::tflite::schema::{Padding, TensorType};
use crate::imaging::normalize::MEAN;
use crate::model::architecture::{Convolution, Linear};
use crate::model::novelty::{self, Novelty};

/// The element type of an activation.
#[derive(Clone, Copy)]
pub enum ActivationType {
    /// float32.
    Float32,
    /// int8 with these quantization parameters.
    Int8(QuantizationParams),
}

/// An activation: N × side × side × channels.
#[derive(Clone, Copy)]
pub struct Value {
    id: Id,
    side: usize,
    channels: usize,
    activation_type: ActivationType,
}

/// A graph that is built layer by layer.
pub struct Layers {
    graph: Graph,
    /// The constant widths of PyTorch's padding, for [`Operation::Pad`].
    border: Id,
}

impl Layers {
    /// Begins a graph with square images of `size` pixels and subtracts ImageNet's mean. The mean is not fused into the
    /// first convolution, because its zero padding must stand for the mean.
    pub fn from_images(size: u32, kind: InputKind) -> (Self, Value) {
        let mut graph = Graph::default();
        let border = [0, 0, 1, 1, 1, 1, 0, 0]; // before and after, for N, H, W and C
        let border = graph.integers("border", &[4, 2], &border);
        let side = size as usize;
        let shape = [side, side, 3];
        let input = match kind {
            InputKind::Unit => TensorType::Float32,
            InputKind::Bytes => TensorType::Uint8,
        };
        let mut image = graph.value(INPUT, &shape, input, None);
        graph.inputs.push(image);
        if kind == InputKind::Bytes {
            let float32 = graph.value("image.float32", &shape, TensorType::Float32, None);
            image = graph.operation(Operation::Cast, &[image], float32);
            let white = graph.floats("white", &[1], &[255.0]);
            let unit = graph.value("image.unit", &shape, TensorType::Float32, None);
            image = graph.operation(Operation::Div, &[image, white], unit);
        }
        let mut layers = Self { graph, border };
        let image = Value {
            id: image,
            side,
            channels: 3,
            activation_type: ActivationType::Float32,
        };
        let names = ["normalise.mean", "normalise.centred"];
        let centred = layers.per_channel(Operation::Sub, image, names, MEAN);
        (layers, centred)
    }

    /// Subtracts or divides by one number per channel. The names are those of the constant and the result.
    pub fn per_channel(
        &mut self,
        operation: Operation,
        x: Value,
        [constant, result]: [&str; 2],
        by: [f32; 3],
    ) -> Value {
        let by = self.graph.floats(constant, &[3], &by);
        let output = self.like(x, result, ActivationType::Float32);
        self.operation(operation, &[x.id, by], output)
    }

    /// Quantizes or dequantizes an activation.
    pub fn convert(&mut self, x: Value, name: &str, activation_type: ActivationType) -> Value {
        let operation = match activation_type {
            ActivationType::Float32 => Operation::Dequantize,
            ActivationType::Int8(_) => Operation::Quantize,
        };
        let output = self.like(x, name, activation_type);
        self.operation(operation, &[x.id], output)
    }

    /// Adds a convolution with PyTorch's padding. At stride 2 this differs from TFLite's SAME, which pads an even side
    /// only at the right and bottom.
    pub fn convolution(
        &mut self,
        layer: &Convolution,
        x: Value,
        [weight, bias]: [Id; 2],
        relu6: bool,
        activation_type: ActivationType,
    ) -> Value {
        let mut x = x;
        let padded = layer.padding() > 0 && layer.stride > 1;
        if padded {
            let mut output = x;
            output.side += 2 * layer.padding();
            let output = self.like(output, &format!("{}.padded", layer.name), x.activation_type);
            x = self.operation(Operation::Pad, &[x.id, self.border], output);
        }
        let window = Window {
            stride: layer.stride as i32,
            padding: match layer.padding() {
                0 => Padding::Valid,
                _ if padded => Padding::Valid,
                _ => Padding::Same,
            },
            relu6,
        };
        let output = Value {
            channels: layer.outputs,
            side: match window.padding {
                Padding::Same => x.side,
                Padding::Valid => (x.side - layer.kernel) / layer.stride + 1,
            },
            ..x
        };
        let output = self.like(output, &layer.name, activation_type);
        let operation = match is_depthwise(layer) {
            true => Operation::DepthwiseConv2d(window),
            false => Operation::Conv2d(window),
        };
        self.operation(operation, &[x.id, weight, bias], output)
    }

    /// Adds a residual connection: the block's output plus its input.
    pub fn sum(
        &mut self,
        block: &str,
        x: Value,
        input: Value,
        activation_type: ActivationType,
    ) -> Value {
        let output = self.like(x, &format!("{block}.sum"), activation_type);
        self.operation(Operation::Add, &[x.id, input.id], output)
    }

    /// Finishes the graph with the mean over height and width, the head and the softmax, and the novelty score.
    pub fn finish(
        mut self,
        x: Value,
        head: &Linear,
        [weight, bias]: [Id; 2],
        novelty: Option<&Novelty>,
    ) -> Graph {
        let graph = &mut self.graph;
        let axes = graph.integers("height and width", &[2], &[1, 2]);
        let mut row = |name: &str, length| graph.value(name, &[length], TensorType::Float32, None);
        let features = row("features", x.channels);
        let [logits, probabilities] = [LOGITS, PROBABILITIES].map(|name| row(name, head.outputs));
        graph.operation(Operation::Mean, &[x.id, axes], features);
        graph.operation(Operation::FullyConnected, &[features, weight, bias], logits);
        graph.operation(Operation::Softmax, &[logits], probabilities);
        graph.outputs = vec![probabilities, logits];
        if let Some(novelty) = novelty {
            let scores = add_novelty(graph, features, novelty);
            graph.outputs.push(scores);
        }
        self.graph
    }

    /// The graph, for adding constants, which differ between float and int8.
    pub fn graph(&mut self) -> &mut Graph {
        &mut self.graph
    }

    /// A new activation with the shape of `x`.
    fn like(&mut self, x: Value, name: &str, activation_type: ActivationType) -> Value {
        let (kind, quantization) = match activation_type {
            ActivationType::Float32 => (TensorType::Float32, None),
            ActivationType::Int8(params) => {
                (TensorType::Int8, Some(Quantization::of_activations(params)))
            }
        };
        let shape = [x.side, x.side, x.channels];
        let id = self.graph.value(name, &shape, kind, quantization);
        Value {
            id,
            activation_type,
            ..x
        }
    }

    fn operation(&mut self, operation: Operation, inputs: &[Id], output: Value) -> Value {
        self.graph.operation(operation, inputs, output.id);
        output
    }
}

/// Adds the novelty score of features ([`novelty`]), in float32. The sums are products with ones, because runtimes run
/// FULLY_CONNECTED everywhere, and SUM not.
fn add_novelty(graph: &mut Graph, features: Id, statistics: &Novelty) -> Id {
    let (count, width) = (statistics.count(), statistics.mean.len());
    let mean = graph.floats(novelty::MEAN, &[width], &statistics.mean);
    let directions = graph.floats(novelty::DIRECTIONS, &[count, width], &statistics.directions);
    let centre = graph.floats("novelty.centre", &[count], &vec![0.0; count]);
    let nothing = graph.floats("novelty.nothing", &[1], &[0.0]);
    let plus = graph.floats("novelty.plus", &[1, width], &vec![1.0; width]);
    let minus = graph.floats("novelty.minus", &[1, count], &vec![-1.0; count]);
    let mut add = |operation, inputs: &[Id], name: &str, length| {
        let output = graph.value(name, &[length], TensorType::Float32, None);
        graph.operation(operation, inputs, output)
    };
    let (product, squares) = (Operation::FullyConnected, Operation::Mul);
    let centred = add(Operation::Sub, &[features, mean], "novelty.centred", width);
    let all = add(squares, &[centred, centred], "novelty.squares", width);
    let all = add(product, &[all, plus, nothing], "novelty.all", 1);
    let inside = add(
        product,
        &[centred, directions, centre],
        "novelty.along",
        count,
    );
    let inside = add(squares, &[inside, inside], "novelty.along.squares", count);
    let inside = add(product, &[inside, minus, nothing], "novelty.inside", 1);
    add(Operation::Add, &[all, inside], NOVELTY, 1)
}

/// Whether a convolution is depthwise.
pub fn is_depthwise(layer: &Convolution) -> bool {
    layer.groups > 1
}

/// The shape of a convolution's weight in TFLite: outputs × kernel × kernel × inputs, or for a depthwise one
/// 1 × kernel × kernel × channels.
pub fn weight_shape(layer: &Convolution) -> [usize; 4] {
    let kernel = layer.kernel;
    match is_depthwise(layer) {
        true => [1, kernel, kernel, layer.outputs],
        false => [layer.outputs, kernel, kernel, layer.inputs],
    }
}

/// A weight (outputs × inputs per group × kernel × kernel) in the order of [`weight_shape`].
pub fn interleaved<T: Copy>(layer: &Convolution, weight: &[T]) -> Vec<T> {
    let area = layer.kernel * layer.kernel;
    let (rows, columns) = match is_depthwise(layer) {
        true => (1, layer.outputs),
        false => (layer.outputs, layer.inputs),
    };
    let mut all = Vec::with_capacity(weight.len());
    for row in 0..rows {
        for tap in 0..area {
            all.extend((0..columns).map(|column| weight[(row * columns + column) * area + tap]));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(inputs: usize, outputs: usize, groups: usize) -> Convolution {
        Convolution {
            name: "c".into(),
            norm: "n".into(),
            inputs,
            outputs,
            kernel: 2,
            stride: 1,
            groups,
            relu6: false,
        }
    }

    #[test]
    fn weights_are_reordered_for_tflite() {
        let weight: Vec<usize> = (0..16).collect(); // output, input, row, column
        let dense = interleaved(&layer(2, 2, 1), &weight);
        assert_eq!(
            dense,
            [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]
        );
        let depthwise = interleaved(&layer(4, 4, 4), &weight); // channel, row, column
        assert_eq!(
            depthwise,
            [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]
        );
    }
}
