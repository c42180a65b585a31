use std::collections::BTreeMap;
use std::path::Path;

use tch::{Device, Kind, Tensor};

use crate::Result;
use crate::model::architecture::{Architecture, Network};
use crate::model::pretrained::{PretrainedWeights, WeightsSource, load};
use crate::model::state_dict::{NamedTensors, write_safetensors};
use crate::progress::Silent;

fn network(width: f64, classes: usize) -> Network {
    Architecture { width, classes }.network()
}

fn tensors(width: f64, classes: usize) -> NamedTensors {
    network(width, classes)
        .tensor_shapes()
        .into_iter()
        .map(|(name, shape)| (name, Tensor::ones(shape, (Kind::Float, Device::Cpu))))
        .collect()
}

/// Writes tensors and loads them for a network of width 0.25 and seven classes.
fn load_these(tensors: &NamedTensors) -> Result<PretrainedWeights> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("weights.safetensors");
    write_safetensors(&path, tensors, &BTreeMap::new()).unwrap();
    load_path(&path).map(Option::unwrap)
}

fn load_path(path: &Path) -> Result<Option<PretrainedWeights>> {
    load(
        &WeightsSource::File(path.to_owned()),
        &network(0.25, 7),
        &Silent,
    )
}

#[test]
fn a_source_is_a_keyword_or_a_path() {
    for (text, source) in [
        ("none", WeightsSource::None),
        ("imagenet", WeightsSource::ImageNet),
        ("a/b.pth", WeightsSource::File("a/b.pth".into())),
    ] {
        assert_eq!(text.parse::<WeightsSource>().unwrap(), source);
        assert_eq!(source.to_string(), text);
    }
    let nothing = load(&WeightsSource::None, &network(0.25, 7), &Silent);
    assert!(nothing.unwrap().is_none());
}

#[test]
fn a_head_with_the_right_number_of_classes_is_used() {
    let loaded = load_these(&tensors(0.25, 7)).unwrap();
    assert!(loaded.unused.is_empty());
    assert_eq!(loaded.tensors.len(), 262);
    assert_eq!(loaded.summary(), "262 tensors used, the head among them");
    assert!(
        loaded
            .origin
            .starts_with("weights, weights.safetensors (sha256 "),
        "{}",
        loaded.origin
    );
}

#[test]
fn a_head_of_1000_classes_and_unknown_tensors_are_not_used() {
    let mut file = tensors(0.25, 1000);
    file.insert("features.0.1.num_batches_tracked".into(), Tensor::from(5));
    file.insert("optimizer.step".into(), Tensor::from(5));
    let loaded = load_these(&file).unwrap();
    assert_eq!(loaded.tensors.len(), 260);
    let unused = ["classifier.1.bias", "classifier.1.weight", "optimizer.step"];
    assert_eq!(loaded.unused, unused);
    assert_eq!(
        loaded.summary(),
        "260 tensors used; the 1000-class head (classifier.1.weight, classifier.1.bias) is not; \
         not part of the network: optimizer.step"
    );
}

#[test]
fn a_file_without_a_head_is_accepted() {
    let mut file = tensors(0.25, 7);
    file.retain(|name, _| !name.starts_with("classifier"));
    let loaded = load_these(&file).unwrap();
    assert_eq!(loaded.summary(), "260 tensors used; there is no head");
}

#[test]
fn every_float_type_becomes_f32() {
    for kind in [Kind::Half, Kind::BFloat16, Kind::Double] {
        let mut file = tensors(0.25, 7);
        file.values_mut()
            .for_each(|tensor| *tensor = tensor.to_kind(kind) * 0.5);
        let loaded = load_these(&file).unwrap();
        for tensor in loaded.tensors.values() {
            assert_eq!(tensor.kind(), Kind::Float);
            assert_eq!(tensor.mean(Kind::Float).double_value(&[]), 0.5);
        }
    }
}

#[test]
fn all_mismatches_are_reported_together() {
    let mut file = tensors(0.25, 7);
    file.remove("features.3.conv.1.0.weight");
    file.insert(
        "features.0.1.bias".into(),
        Tensor::ones([9], (Kind::Float, Device::Cpu)),
    );
    file.insert(
        "features.0.1.weight".into(),
        Tensor::ones([8], (Kind::Int64, Device::Cpu)),
    );
    let error = load_these(&file).unwrap_err().to_string();
    for words in [
        "features.0.1.weight has type Int64, not floating point",
        "features.0.1.bias has shape [9], not [8]",
        "features.3.conv.1.0.weight is missing",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(!error.contains("width"), "{error}");
}

#[test]
fn weights_of_another_width_are_recognised() {
    let error = load_these(&tensors(0.5, 7)).unwrap_err().to_string();
    assert!(error.contains("more\n"), "{error}");
    assert!(
        error.contains("a network of width 0.5: `skinlesion train --set width=0.5`"),
        "{error}"
    );
}

#[test]
fn weights_of_another_network_are_recognised() {
    let file = [(
        "layer1.weight".to_owned(),
        Tensor::ones([3], (Kind::Float, Device::Cpu)),
    )];
    let error = load_these(&file.into()).unwrap_err().to_string();
    assert!(error.contains("is missing; and 256 more"), "{error}");
    assert!(
        error.contains("torchvision's mobilenet_v2: features.0.0.weight"),
        "{error}"
    );
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    for (kind, value) in [(Kind::Float, f64::NAN), (Kind::Double, 1e300)] {
        let mut file = tensors(0.25, 7);
        let broken = Tensor::full([8], value, (kind, Device::Cpu));
        file.insert("features.0.1.running_var".into(), broken);
        let error = load_these(&file).unwrap_err().to_string();
        assert!(
            error.contains("features.0.1.running_var has values that are not finite"),
            "{error}"
        );
    }
}

#[test]
fn files_without_weights_are_refused_with_a_remedy() {
    let home = tempfile::tempdir().unwrap();
    let page = home.path().join("page.pth");
    std::fs::write(&page, "<!DOCTYPE html><title>404</title>").unwrap();
    for (path, words) in [
        (home.path().to_owned(), "a folder"),
        (home.path().join("absent.pth"), "does not exist"),
        (page, "not a readable"),
    ] {
        let error = load_path(&path).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(
            error.contains(&path.display().to_string()) && error.contains('\n'),
            "{error}"
        );
    }
}
