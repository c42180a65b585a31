//! The layers of MobileNetV2 as plain data, from which the libtorch module, the ONNX graph and all other exports are
//! built.
//!
//! Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, table 2.
//! Names and rounding follow torchvision's `mobilenet_v2`, so that its state dict matches by name.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// Hyperparameters of a MobileNetV2.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// Width multiplier: 1.0 is the paper's network, 0.35 a quarter of its cost, 1.4 the large one.
    pub width: f64,
    /// Number of classes, the outputs of the head.
    pub classes: usize,
}

impl Architecture {
    /// The paper's network for so many classes.
    pub fn new(classes: usize) -> Self {
        let width = 1.0;
        Self { width, classes }
    }
}

/// A whole network: a sequence of blocks, global average pooling, and a linear head.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// `features.0` to `features.18`.
    pub blocks: Vec<Block>,
    /// The linear layer from features to logits.
    pub head: Linear,
}

/// A sequence of convolutions, with an optional residual connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Name, such as `features.3`.
    pub name: String,
    /// Convolutions with their BatchNorm and activation.
    pub convolutions: Vec<Convolution>,
    /// Whether the block's input is added to its output.
    pub residual: bool,
}

/// A convolution without bias, BatchNorm, and optionally ReLU6. Padding is `kernel / 2` on each side.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// Name of the convolution. Its tensor is `{name}.weight`.
    pub name: String,
    /// Name of the BatchNorm. Its tensors are `.weight`, `.bias`, `.running_mean`, `.running_var`.
    pub norm: String,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Side of the kernel: 1 or 3.
    pub kernel: usize,
    /// Stride: 1 or 2.
    pub stride: usize,
    /// Groups: 1, or the number of channels for a depthwise convolution.
    pub groups: usize,
    /// Whether ReLU6 follows the BatchNorm.
    pub relu6: bool,
}

/// A fully connected layer. Its tensors are `{name}.weight` and `{name}.bias`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Name: `classifier.1`.
    pub name: String,
    /// Input features.
    pub inputs: usize,
    /// Output classes.
    pub outputs: usize,
}

/// ε of every BatchNorm (PyTorch's default).
pub const NORM_EPSILON: f64 = 1e-5;

/// Expansion factor, channels, repeats and first stride of the seven stages (the paper's table 2).
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

impl Architecture {
    /// The supported width multipliers.
    pub const WIDTHS: RangeInclusive<f64> = 0.1..=4.0;

    /// The layers of this network.
    pub fn network(&self) -> Network {
        let stem = make_divisible(32.0 * self.width);
        let mut blocks = vec![Block {
            name: "features.0".into(),
            convolutions: vec![convolution(
                "features.0.0",
                "features.0.1",
                3,
                stem,
                3,
                2,
                1,
                true,
            )],
            residual: false,
        }];
        let mut inputs = stem;
        for (expansion, channels, repeats, first_stride) in STAGES {
            let outputs = make_divisible(channels as f64 * self.width);
            for repeat in 0..repeats {
                let stride = if repeat == 0 { first_stride } else { 1 };
                blocks.push(inverted_residual(
                    blocks.len(),
                    inputs,
                    outputs,
                    expansion,
                    stride,
                ));
                inputs = outputs;
            }
        }
        // Narrow networks keep the full 1,280 features; wide ones get more (torchvision's rule).
        let features = make_divisible(1280.0 * self.width.max(1.0));
        let last = format!("features.{}", blocks.len());
        blocks.push(Block {
            convolutions: vec![convolution(
                &format!("{last}.0"),
                &format!("{last}.1"),
                inputs,
                features,
                1,
                1,
                1,
                true,
            )],
            name: last,
            residual: false,
        });
        Network {
            blocks,
            head: Linear {
                name: "classifier.1".into(),
                inputs: features,
                outputs: self.classes,
            },
        }
    }
}

impl Network {
    /// Names and shapes of all tensors, as in torchvision's state dict but without `num_batches_tracked`, which is not
    /// used.
    pub fn tensor_shapes(&self) -> Vec<(String, Vec<i64>)> {
        let mut shapes = Vec::new();
        for convolution in self.blocks.iter().flat_map(|block| &block.convolutions) {
            shapes.push((
                format!("{}.weight", convolution.name),
                convolution.weight_shape(),
            ));
            for part in ["weight", "bias", "running_mean", "running_var"] {
                shapes.push((
                    format!("{}.{part}", convolution.norm),
                    vec![convolution.outputs as i64],
                ));
            }
        }
        let Linear {
            name,
            inputs,
            outputs,
        } = &self.head;
        shapes.push((
            format!("{name}.weight"),
            vec![*outputs as i64, *inputs as i64],
        ));
        shapes.push((format!("{name}.bias"), vec![*outputs as i64]));
        shapes
    }
}

impl Convolution {
    /// Shape of the weight: output channels × input channels per group × kernel × kernel.
    pub fn weight_shape(&self) -> Vec<i64> {
        let per_group = self.inputs / self.groups;
        [self.outputs, per_group, self.kernel, self.kernel]
            .map(|n| n as i64)
            .to_vec()
    }

    /// Padding in pixels on each side.
    pub fn padding(&self) -> usize {
        self.kernel / 2
    }
}

/// Rounds to the nearest multiple of 8, but not down by more than 10 % (torchvision's `_make_divisible`).
fn make_divisible(channels: f64) -> usize {
    let nearest = (((channels + 4.0) / 8.0).floor() * 8.0).max(8.0);
    let kept = if nearest < 0.9 * channels {
        nearest + 8.0
    } else {
        nearest
    };
    kept as usize
}

/// An inverted residual: 1×1 expansion, 3×3 depthwise convolution, 1×1 linear projection.
fn inverted_residual(
    index: usize,
    inputs: usize,
    outputs: usize,
    expansion: usize,
    stride: usize,
) -> Block {
    let name = format!("features.{index}");
    let hidden = inputs * expansion;
    let mut convolutions = Vec::new();
    if expansion != 1 {
        let (conv, norm) = (format!("{name}.conv.0.0"), format!("{name}.conv.0.1"));
        convolutions.push(convolution(&conv, &norm, inputs, hidden, 1, 1, 1, true));
    }
    let at = convolutions.len();
    let (conv, norm) = (format!("{name}.conv.{at}.0"), format!("{name}.conv.{at}.1"));
    convolutions.push(convolution(
        &conv, &norm, hidden, hidden, 3, stride, hidden, true,
    ));
    let (conv, norm) = (
        format!("{name}.conv.{}", at + 1),
        format!("{name}.conv.{}", at + 2),
    );
    convolutions.push(convolution(&conv, &norm, hidden, outputs, 1, 1, 1, false));
    Block {
        name,
        convolutions,
        residual: stride == 1 && inputs == outputs,
    }
}

#[allow(clippy::too_many_arguments)] // columns of a table, used only in this file
fn convolution(
    name: &str,
    norm: &str,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
    relu6: bool,
) -> Convolution {
    Convolution {
        name: name.into(),
        norm: norm.into(),
        inputs,
        outputs,
        kernel,
        stride,
        groups,
        relu6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_whose_input_and_output_have_the_same_shape_are_residual() {
        let network = Architecture::new(7).network();
        let residual: Vec<_> = (0..19).filter(|&i| network.blocks[i].residual).collect();
        assert_eq!(residual, [3, 5, 6, 8, 9, 10, 12, 13, 15, 16]);
    }
}
