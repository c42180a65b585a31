//! Files of each precision against the networks that they were written from, and refusals of damaged ones.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::artifact::format::FloatPrecision;
use crate::artifact::interface::InputKind;
use crate::classes::ham10000;
use crate::export::tflite::samples::{SIDE, described, description, network, quantized};
use crate::export::tflite::{write, write_int8};
use crate::model::inference_network::InferenceNetwork;
use crate::probabilities::Probabilities;

const KINDS: [&str; 3] = ["float32", "float16", "int8"];

/// A file of a precision: its folder, and its path.
fn written(kind: &str, input: InputKind) -> (tempfile::TempDir, std::path::PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("model.tflite");
    let description = description();
    let metadata = described(&description, input);
    match kind {
        "float32" => write(&path, &network(), &metadata, FloatPrecision::F32),
        "float16" => write(&path, &network(), &metadata, FloatPrecision::F16),
        _ => write_int8(&path, &quantized(), &metadata),
    }
    .unwrap();
    (home, path)
}

fn images(count: usize) -> Vec<Vec<u8>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let pixels = (SIDE * SIDE * 3) as usize;
    (0..count)
        .map(|_| (0..pixels).map(|_| rng.random()).collect())
        .collect()
}

fn predict(path: &Path, images: &[Vec<u8>]) -> Vec<Probabilities> {
    let borrowed: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let classifier = TfliteClassifier::open(path).unwrap();
    classifier.probabilities(&borrowed).unwrap()
}

fn largest_difference(a: &[Probabilities], b: &[Probabilities]) -> f64 {
    assert_eq!(a.len(), b.len());
    let pairs = a
        .iter()
        .flat_map(|row| row.iter())
        .zip(b.iter().flat_map(|row| row.iter()));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn a_file_predicts_as_the_network_that_it_was_written_from() {
    let images = images(3);
    let borrowed: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let bytes = input::bytes_to_tensor(&borrowed, SIDE as usize, Device::Cpu).unwrap();
    let reference = InferenceNetwork::new(&network(), Device::Cpu).unwrap();
    let expected = reference.forward(&input::normalised(&bytes));
    let expected = output::probabilities(ham10000(), &expected).unwrap();
    for input in [InputKind::Unit, InputKind::Bytes] {
        for (kind, tolerance) in [("float32", 1e-6), ("float16", 1e-3)] {
            let (_home, path) = written(kind, input);
            let difference = largest_difference(&predict(&path, &images), &expected);
            assert!(difference < tolerance, "{kind}: {difference}");
        }
    }
}

#[test]
fn predictions_do_not_depend_on_the_batch_or_the_input_type() {
    let images = images(3);
    for kind in KINDS {
        let (_home, path) = written(kind, InputKind::Unit);
        let together = predict(&path, &images);
        let alone: Vec<_> = images
            .iter()
            .flat_map(|image| predict(&path, std::slice::from_ref(image)))
            .collect();
        assert!(largest_difference(&together, &alone) < 1e-6, "{kind}");
        let (_home, path) = written(kind, InputKind::Bytes);
        assert!(
            largest_difference(&together, &predict(&path, &images)) < 1e-6,
            "{kind}"
        );
    }
}

#[test]
fn the_novelty_score_is_that_of_libtorch() {
    let images = images(3);
    let all = network();
    let bytes: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let bytes = input::bytes_to_tensor(&bytes, SIDE as usize, Device::Cpu).unwrap();
    let reference = InferenceNetwork::new(&all, Device::Cpu).unwrap();
    let features = reference.features(&input::normalised(&bytes));
    let expected = output::scores(&reference.novelty(&features).unwrap()).unwrap();
    let (_home, path) = written("float32", InputKind::Bytes);
    let file = TfliteClassifier::open(&path).unwrap();
    let borrowed: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let found = file.outputs(&borrowed).unwrap().novelty.unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-5, "{found} for {expected}");
    }
}

#[test]
fn a_written_file_is_decoded() {
    for kind in KINDS {
        let (_home, path) = written(kind, InputKind::Bytes);
        let file = decode::decode(&std::fs::read(path).unwrap()).unwrap();
        let names: Vec<&str> = file.entries.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(
            names,
            ["TFLITE_METADATA", DESCRIPTION_ENTRY, "min_runtime_version"]
        );
        let tensors = &file.graph.tensors;
        assert_eq!(tensors[file.graph.inputs[0]].name, "image");
        assert_eq!(tensors[file.graph.inputs[0]].kind, TensorType::Uint8);
        let weight = tensors
            .iter()
            .find(|one| one.name == "residual.filter.weight");
        let weight = weight.unwrap();
        assert_eq!(weight.shape, [1, 3, 3, 8]);
        let scales = weight
            .quantization
            .as_ref()
            .map(|q| (q.scales.len(), q.dimension));
        assert_eq!(scales, (kind == "int8").then_some((8, 3)));
    }
}

#[test]
fn a_damaged_file_is_refused_or_run_but_never_a_panic() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for kind in KINDS {
        let (_home, path) = written(kind, InputKind::Bytes);
        let whole = std::fs::read(&path).unwrap();
        let end = whole
            .windows(4)
            .position(|four| four == b"PK\x03\x04")
            .unwrap();
        for length in (0..end).step_by(97) {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = TfliteClassifier::open(&path)
                .err()
                .map(|error| error.to_string());
            let error = error.unwrap_or_else(|| panic!("{length} of {end} bytes were enough"));
            assert!(error.contains("model.tflite: "), "{error}");
            assert!(error.contains("\n  Use a file"), "{error}");
        }
        for _ in 0..400 {
            let mut damaged = whole.clone();
            for _ in 0..3 {
                damaged[rng.random_range(0..end)] = rng.random();
            }
            std::fs::write(&path, &damaged).unwrap();
            let _ = TfliteClassifier::open(&path);
        }
    }
}

#[test]
fn refuses_unsupported_graphs() {
    let (_home, path) = written("float32", InputKind::Unit);
    let graph = || {
        decode::decode(&std::fs::read(&path).unwrap())
            .unwrap()
            .graph
    };
    let problem = |change: &dyn Fn(&mut crate::artifact::tflite::graph::Graph)| {
        let mut graph = graph();
        change(&mut graph);
        Program::new(&graph).err().unwrap()
    };
    assert!(problem(&|graph| graph.inputs.clear()).contains("no input"));
    assert!(problem(&|graph| graph.outputs.clear()).contains("no output 'probabilities'"));
    let missing = problem(&|graph| drop(graph.operations.remove(0)));
    assert!(
        missing.contains("no operator computes normalise.centred"),
        "{missing}"
    );
    let padding = problem(&|graph| {
        graph.tensors[0].data.as_mut().unwrap()[8] = 2;
    });
    assert!(padding.contains("other than one pixel"), "{padding}");
}

#[test]
fn refuses_a_file_whose_description_is_of_another_size() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("model.tflite");
    let description = description();
    let metadata = described(&description, InputKind::Unit);
    write(&path, &network(), &metadata, FloatPrecision::F32).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let [old, new] = [8, 9].map(|size| format!("\"size\": {size}"));
    let mut changed = bytes.clone();
    for at in 0..bytes.len() - old.len() {
        if bytes[at..].starts_with(old.as_bytes()) {
            changed[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
    }
    std::fs::write(&path, changed).unwrap();
    let error = TfliteClassifier::open(&path).err().unwrap().to_string();
    assert!(
        error.contains("8 × 8 pixels, but its metadata says 9 × 9"),
        "{error}"
    );
}
