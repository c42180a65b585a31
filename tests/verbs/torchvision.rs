//! Our network against torchvision's, with ImageNet's real weights.

use std::path::Path;

use skinlesion::model::architecture::Architecture;
use skinlesion::model::fuse::fuse;
use skinlesion::model::inference_network::InferenceNetwork;
use skinlesion::model::input::channels_last;
use skinlesion::model::mobilenet_v2::MobileNetV2;
use skinlesion::model::pretrained::{WeightsSource, load};
use skinlesion::model::state_dict::read_safetensors;
use skinlesion::progress::Silent;
use tch::{Device, Kind, Tensor};

use crate::common::shared;

/// The inputs of tests/reference/mobilenet_v2_features.py.
fn inputs() -> Tensor {
    let image = 3 * 224 * 224;
    let value = |index: i64| {
        let (n, j) = ((index / image) as f64, (index % image) as f64);
        (2.0 * (0.001 * (n + 1.0) * j + n).sin()) as f32
    };
    let values: Vec<f32> = (0..4 * image).map(value).collect();
    Tensor::from_slice(&values).view([4, 3, 224, 224])
}

fn largest_difference(ours: &Tensor, theirs: &Tensor) -> f64 {
    (ours.to_kind(Kind::Float) - theirs)
        .abs()
        .max()
        .double_value(&[])
}

#[test]
fn features_agree_with_torchvisions_folded_or_not() {
    let Some(weights) = shared("weights/mobilenet_v2_imagenet.safetensors") else {
        return;
    };
    let reference = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/reference/mobilenet_v2_features.safetensors");
    let theirs = read_safetensors(&reference)
        .unwrap()
        .0
        .remove("features")
        .unwrap();

    let architecture = Architecture::new(7);
    let mut model = MobileNetV2::random(architecture, 1, Device::Cpu).unwrap();
    let loaded = load(&WeightsSource::File(weights), model.network(), &Silent)
        .unwrap()
        .unwrap();
    model.restore(&loaded.tensors);
    let frozen = model.network().blocks.len();
    let images = channels_last(&inputs());
    let plain = model.features(&images, frozen);
    assert!(largest_difference(&plain, &theirs) < 1e-4);

    let fused = fuse(model.network(), model.tensors()).unwrap();
    let network = InferenceNetwork::new(&fused, Device::Cpu).unwrap();
    let fused = tch::no_grad(|| network.features(&images));
    assert!(largest_difference(&fused, &theirs) < 1e-4);
}
