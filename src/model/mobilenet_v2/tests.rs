//! A training step against torchvision's.

use serde_json::Value;
use tch::Reduction;

use super::*;

const EXACT: (Kind, Device) = (Kind::Double, Device::Cpu);

/// Deterministic values, as in tests/reference/training_step.py.
fn formula(name: &str, number: usize, shape: &[i64]) -> Tensor {
    let i = Tensor::arange(shape.iter().product::<i64>(), EXACT);
    let wave = (&i * 0.37 * &i + number as f64).sin().reshape(shape);
    let tensor = match shape {
        _ if name.ends_with("running_mean") => wave.zeros_like(),
        _ if name.ends_with("running_var") => wave.ones_like(),
        [_, per_group, height, width] => wave * (4.0 / (per_group * height * width) as f64).sqrt(),
        [_, _] => wave * 0.1,
        _ if name.ends_with("weight") => wave * 0.3 + 1.0,
        _ => wave * 0.3 + 0.5,
    };
    tensor.to_kind(Kind::Float)
}

/// The norm, and the sum weighted with cos(0.3 i).
fn fingerprint(tensor: &Tensor) -> [f64; 2] {
    let flat = tensor.contiguous().reshape([-1]).to_kind(Kind::Double);
    let weights = (Tensor::arange(flat.numel() as i64, EXACT) * 0.3).cos();
    [flat.norm(), (flat * weights).sum(Kind::Double)].map(|value| value.double_value(&[]))
}

#[test]
fn a_training_step_equals_torchvisions() {
    let reference = include_str!("../../../tests/reference/training_step.json");
    let reference: Value = serde_json::from_str(reference).unwrap();
    let architecture = Architecture {
        width: 0.35,
        classes: 7,
    };
    let mut shapes = architecture.network().tensor_shapes();
    shapes.sort();
    let tensors = shapes.iter().enumerate();
    let tensors = tensors
        .map(|(number, (name, shape))| (name.clone(), formula(name, number, shape)))
        .collect();
    let model = MobileNetV2::from_tensors(architecture, &tensors, Device::Cpu).unwrap();
    for (name, tensor) in model.tensors() {
        let _ = (tensor.shallow_clone()).set_requires_grad(!name.contains("running"));
    }
    let images = (Tensor::arange(4 * 3 * 64 * 64, EXACT).pow_tensor_scalar(1.5) * 0.01).sin();
    let images = (images * 2.0).to_kind(Kind::Float).reshape([4, 3, 64, 64]);
    let logits = model.logits(&model.features(&channels_last(&images), 0), 0.0);
    let labels = Tensor::from_slice(&[0i64, 4, 5, 2]);
    let loss = logits.cross_entropy_loss(&labels, None::<&Tensor>, Reduction::Mean, -100, 0.0);
    loss.backward();

    let close = |name: &str, ours: f64, theirs: &Value, scale: f64| {
        let difference = (ours - theirs.as_f64().unwrap()).abs() / scale;
        // In single precision, a value near a corner of ReLU6 may fall on the other side.
        assert!(difference < 1e-3, "{name}: {ours} for {theirs}");
    };
    close("loss", loss.double_value(&[]), &reference["loss"], 1.0);
    let gradients = reference["gradients"].as_object().unwrap();
    let median = {
        let mut norms: Vec<f64> = gradients.values().map(|g| g[0].as_f64().unwrap()).collect();
        norms.sort_by(f64::total_cmp);
        norms[norms.len() / 2]
    };
    for (name, theirs) in gradients {
        // Some gradients are zero except for rounding, as the following BatchNorm cancels them.
        let scale = theirs[0].as_f64().unwrap().max(1e-2 * median);
        let ours = fingerprint(&model.tensors()[name].grad());
        for (ours, theirs) in ours.iter().zip(theirs.as_array().unwrap()) {
            close(name, *ours, theirs, scale);
        }
    }
    for (name, theirs) in reference["running"].as_object().unwrap() {
        let scale = theirs[0].as_f64().unwrap();
        for (ours, theirs) in
            (fingerprint(&model.tensors()[name]).iter()).zip(theirs.as_array().unwrap())
        {
            close(name, *ours, theirs, scale);
        }
    }
}
