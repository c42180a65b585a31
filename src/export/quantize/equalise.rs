//! Cross-layer equalisation (Nagel et al. 2019, <https://arxiv.org/abs/1906.04721>): scales the channels of a layer's
//! output to similar ranges, so that one scale per tensor suits them all.

use crate::model::fuse::{FusedConvolution, FusedNetwork};

/// The largest scaling of a channel, to avoid amplifying noise in rarely used channels.
const MAX_SCALE: f32 = 16.0;

/// Scales each channel between a ReLU6 and a depthwise convolution up to the maximum of the layer's largest channel,
/// and the depthwise weights down by the same factor. Weights have one scale per channel, so they lose no precision.
///
/// `largest` holds, for each convolution, the largest value of each output channel over the calibration images. Values
/// up to it are unchanged. Beyond it, a scaled channel is clipped slightly earlier than by ReLU6.
pub fn equalise(network: &mut FusedNetwork, largest: &[Vec<f32>]) {
    let blocks = network.blocks.iter_mut();
    let mut layers: Vec<&mut FusedConvolution> =
        blocks.flat_map(|block| &mut block.convolutions).collect();
    for at in 1..layers.len() {
        let (before, after) = layers.split_at_mut(at);
        let (Some(first), Some(second)) = (before.last_mut(), after.first_mut()) else {
            continue;
        };
        if first.layer.relu6 && second.layer.groups == first.layer.outputs {
            scale_channels(first, second, &largest[at - 1]);
        }
    }
}

fn scale_channels(first: &mut FusedConvolution, second: &mut FusedConvolution, largest: &[f32]) {
    let target = largest.iter().copied().fold(0.0, f32::max);
    let channels = largest.len();
    let (ins, outs) = (
        first.weight.len() / channels,
        second.weight.len() / channels,
    );
    for (channel, &own) in largest.iter().enumerate() {
        let scale = (target / own.max(f32::MIN_POSITIVE)).clamp(1.0, MAX_SCALE);
        first.bias[channel] *= scale;
        for weight in &mut first.weight[channel * ins..(channel + 1) * ins] {
            *weight *= scale;
        }
        for weight in &mut second.weight[channel * outs..(channel + 1) * outs] {
            *weight /= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::architecture::{Convolution, Linear};
    use crate::model::fuse::{FusedBlock, FusedLinear};

    fn layer(kernel: usize, groups: usize, weight: Vec<f32>) -> FusedConvolution {
        FusedConvolution {
            layer: Convolution {
                name: "a".into(),
                norm: "b".into(),
                inputs: 2,
                outputs: 2,
                kernel,
                stride: 1,
                groups,
                relu6: true,
            },
            weight,
            bias: vec![1.0, 1.0],
        }
    }

    #[test]
    fn a_small_channel_is_scaled_up_before_a_depthwise_layer_and_down_in_it() {
        let mut network = FusedNetwork {
            blocks: vec![FusedBlock {
                name: "block".into(),
                convolutions: vec![
                    layer(1, 1, vec![1.0, 2.0, 3.0, 4.0]),
                    layer(1, 2, vec![8.0, 8.0]),
                    layer(1, 1, vec![1.0; 4]),
                ],
                residual: false,
            }],
            head: FusedLinear {
                layer: Linear {
                    name: "head".into(),
                    inputs: 2,
                    outputs: 1,
                },
                weight: vec![1.0, 1.0],
                bias: vec![0.0],
            },
            novelty: None,
        };
        equalise(
            &mut network,
            &[vec![4.0, 1.0], vec![6.0, 1.0], vec![1.0, 1.0]],
        );
        let layers = &network.blocks[0].convolutions;
        assert_eq!(layers[0].weight, [1.0, 2.0, 12.0, 16.0]);
        assert_eq!(layers[0].bias, [1.0, 4.0]);
        assert_eq!(layers[1].weight, [8.0, 2.0]);
        assert_eq!(
            layers[1].bias,
            [1.0, 1.0],
            "the depthwise bias is not scaled"
        );
        assert_eq!(
            layers[2].weight, [1.0; 4],
            "only depthwise weights have one scale per input"
        );
    }
}
