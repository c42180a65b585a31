//! The fused network in libtorch, for evaluation, prediction and tracing. It computes the same function as the training
//! network in evaluation mode, three times as fast.

use tch::{Device, Kind, Tensor};

use super::architecture::Convolution;
use super::fuse::FusedNetwork;
use super::input;
use super::libtorch::capabilities;
use super::novelty;
use crate::{Class, Error, Result};

/// A network without BatchNorm on a device, without gradients.
pub struct InferenceNetwork {
    blocks: Vec<Block>,
    head: [Tensor; 2],
    /// Mean and directions of the novelty score.
    novelty: Option<[Tensor; 2]>,
    device: Device,
    kind: Kind,
}

struct Block {
    convolutions: Vec<(Convolution, Tensor, Tensor)>,
    residual: bool,
}

impl InferenceNetwork {
    /// Copies the weights of a fused network to a device. It computes in f32.
    pub fn new(fused: &FusedNetwork, device: Device) -> Result<Self> {
        Self::with_kind(fused, device, Kind::Float)
    }

    /// As [`InferenceNetwork::new`], but the convolutions compute in bf16 on a CPU that does so natively, which is
    /// about twice as fast there. For passes of training. Not for reported metrics or for checking exported files:
    /// probabilities differ by .003 on average and by more than .1 at most (docs/performance.md).
    pub fn reduced(fused: &FusedNetwork, device: Device) -> Result<Self> {
        let is_native = capabilities::native_bf16().is_some_and(|found| !found.is_empty());
        let kind = match device {
            Device::Cpu if is_native => Kind::BFloat16,
            _ => Kind::Float,
        };
        Self::with_kind(fused, device, kind)
    }

    /// As [`InferenceNetwork::new`], with convolutions that compute in `kind`. Features and head are f32 in any case.
    pub fn with_kind(fused: &FusedNetwork, device: Device, kind: Kind) -> Result<Self> {
        let tensor = |values: &[f32], shape: &[i64]| {
            Tensor::f_from_slice(values)
                .and_then(|t| t.f_view(shape))
                .and_then(|t| t.f_to_device(device))
                .map_err(Error::torch("copying the network to its device"))
        };
        let mut blocks = Vec::with_capacity(fused.blocks.len());
        for block in &fused.blocks {
            let mut convolutions = Vec::with_capacity(block.convolutions.len());
            for convolution in &block.convolutions {
                let layer = convolution.layer.clone();
                let weight = tensor(&convolution.weight, &layer.weight_shape())?;
                let bias = tensor(&convolution.bias, &[layer.outputs as i64])?;
                let weight = input::channels_last(&weight.to_kind(kind));
                convolutions.push((layer, weight, bias.to_kind(kind)));
            }
            blocks.push(Block {
                convolutions,
                residual: block.residual,
            });
        }
        let head = &fused.head;
        let (inputs, outputs) = (head.layer.inputs as i64, head.layer.outputs as i64);
        let novelty = fused.novelty.as_ref().map(|novelty| {
            Ok([
                tensor(&novelty.mean, &[1, inputs])?,
                tensor(&novelty.directions, &[novelty.count() as i64, inputs])?,
            ])
        });
        Ok(Self {
            blocks,
            head: [
                tensor(&head.weight, &[outputs, inputs])?,
                tensor(&head.bias, &[outputs])?,
            ],
            novelty: novelty.transpose()?,
            device,
            kind,
        })
    }

    /// The data type that convolutions compute in.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The network's device.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Features (N × inputs of the head; 1,280 up to width 1) of a normalised batch (N × 3 × S × S), preferably
    /// channels last.
    pub fn features(&self, images: &Tensor) -> Tensor {
        let activations = self.activations(images);
        activations.mean_dim(&[2i64, 3][..], false, Kind::Float)
    }

    /// Feature map before global average pooling: N × features × S/32 × S/32.
    fn activations(&self, images: &Tensor) -> Tensor {
        self.activations_with_hook(images, &mut |_| {})
    }

    /// The last feature map. Calls `hook` with every tensor that an int8 network quantizes, in order of computation:
    /// the images, the output of each convolution (after ReLU6), and each residual sum.
    pub fn activations_with_hook(&self, images: &Tensor, hook: &mut dyn FnMut(&Tensor)) -> Tensor {
        let mut x = images.to_kind(self.kind);
        hook(&x);
        for block in &self.blocks {
            let input = x.shallow_clone();
            for (layer, weight, bias) in &block.convolutions {
                x = convolve(layer, &x, weight, bias);
                hook(&x);
            }
            if block.residual {
                x += input;
                hook(&x);
            }
        }
        x
    }

    /// Grad-CAM (Selvaraju et al. 2017) of a class for a normalised batch: N × S/32 × S/32, values of 0 or more.
    ///
    /// Grad-CAM weights the channels of the last feature map by the gradients of the logit. As only average pooling and
    /// the linear head follow, these are the head's weights.
    pub fn grad_cam(&self, images: &Tensor, class: Class) -> Tensor {
        let weights = self.head[0].get(class.index() as i64).view([1, -1, 1, 1]);
        let weighted = self.activations(images) * weights;
        weighted.sum_dim_intlist(1, false, Kind::Float).relu()
    }

    /// Logits (N × classes) of features.
    pub fn head(&self, features: &Tensor) -> Tensor {
        features.linear(&self.head[0], Some(&self.head[1]))
    }

    /// Novelty scores (N × 1) of features ([`novelty`]); `None` if the network has none.
    pub fn novelty(&self, features: &Tensor) -> Option<Tensor> {
        let [mean, directions] = self.novelty.as_ref()?;
        Some(novelty::scores(features, mean, directions))
    }

    /// Logits (N × classes) of a normalised batch (N × 3 × S × S).
    pub fn forward(&self, images: &Tensor) -> Tensor {
        self.head(&self.features(images))
    }
}

/// Applies a fused convolution, with its ReLU6 if it has one, to a batch (N × inputs × H × W).
pub fn convolve(layer: &Convolution, batch: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    let (stride, padding) = (layer.stride as i64, layer.padding() as i64);
    let (strides, paddings) = ([stride, stride], [padding, padding]);
    let groups = layer.groups as i64;
    let mut convolved = batch.conv2d(weight, Some(bias), strides, paddings, [1, 1], groups);
    if layer.relu6 {
        convolved = convolved.relu6_();
    }
    convolved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::architecture::Architecture;
    use crate::model::fuse;
    use crate::model::mobilenet_v2::MobileNetV2;

    #[test]
    fn bf16_changes_probabilities_little_and_features_stay_f32() {
        let architecture = Architecture {
            width: 0.35,
            classes: 7,
        };
        let model = MobileNetV2::random(architecture, 1, Device::Cpu).unwrap();
        let fused = fuse::fuse(model.network(), model.tensors()).unwrap();
        let waves = Tensor::arange(2 * 3 * 64 * 64, (Kind::Float, Device::Cpu)).sin();
        let images = input::channels_last(&waves.view([2, 3, 64, 64]));
        let [exact, reduced] = [Kind::Float, Kind::BFloat16].map(|kind| {
            let network = InferenceNetwork::with_kind(&fused, Device::Cpu, kind).unwrap();
            let features = network.features(&images);
            assert_eq!(features.kind(), Kind::Float);
            network.head(&features).softmax(-1, Kind::Float)
        });
        let difference = (exact - reduced).abs().max().double_value(&[]);
        assert!(difference > 0.0 && difference < 0.02, "{difference}");
    }
}
