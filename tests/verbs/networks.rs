//! Checkpoints with random weights, for the verbs that need a network but not a good one.

use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use skinlesion::classes::ham10000;
use skinlesion::imaging::resize::ResizeRule;
use skinlesion::metrics::decisions::Decisions;
use skinlesion::model::architecture::Architecture;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::checkpoint_metadata::{BEST_FILE, CheckpointMetadata, FORMAT_VERSION};
use skinlesion::model::novelty::Novelty;
use skinlesion::model::seen::{Seen, id_hash};
use tch::Tensor;

/// Side of the images that [`random_checkpoint`] takes.
pub const SIZE: u32 = 64;

/// A narrow network with random weights, whose batch norms are far from doing nothing, so that folding
/// them wrongly shows. Written as a checkpoint folder.
pub fn random_checkpoint(folder: &Path) -> PathBuf {
    let path = folder.join("checkpoint");
    write_checkpoint(&path, metadata());
    path
}

/// The same network, as a new checkpoint folder at `path`, saying of itself what it is told to.
pub fn write_checkpoint(path: &Path, metadata: CheckpointMetadata) {
    let checkpoint = Checkpoint {
        novelty: metadata.novelty.map(|_| novelty(metadata.architecture)),
        tensors: random_tensors(metadata.architecture),
        metadata,
    };
    std::fs::create_dir(path).unwrap();
    checkpoint.write(&path.join(BEST_FILE)).unwrap();
}

/// Statistics of the novelty score: a plain mean, and two of the axes as directions.
fn novelty(architecture: Architecture) -> Novelty {
    let features = architecture.network().head.inputs;
    let axis = |at: usize| (0..features).map(move |n| f32::from(u8::from(n == at)));
    Novelty {
        mean: vec![0.5; features],
        directions: axis(3).chain(axis(8)).collect(),
    }
}

fn small() -> Architecture {
    Architecture {
        width: 0.35,
        ..Architecture::new(7)
    }
}

fn random_tensors(architecture: Architecture) -> skinlesion::model::state_dict::NamedTensors {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut tensors = skinlesion::model::state_dict::NamedTensors::new();
    for (name, shape) in architecture.network().tensor_shapes() {
        let inputs: i64 = shape[1..].iter().product();
        let bounds = match name.rsplit('.').next() {
            Some("weight") if shape.len() == 1 => 0.5..1.5,
            Some("running_var") => 0.3..2.0,
            Some("weight") => {
                let bound = (6.0 / inputs as f32).sqrt(); // keeps the variance through ReLU (He et al. 2015)
                -bound..bound
            }
            _ => -0.3..0.3,
        };
        let count = shape.iter().product::<i64>() as usize;
        let values: Vec<f32> = (0..count)
            .map(|_| rng.random_range(bounds.clone()))
            .collect();
        tensors.insert(name, Tensor::from_slice(&values).view(&shape[..]));
    }
    tensors
}

/// What the checkpoint says of itself.
pub fn metadata() -> CheckpointMetadata {
    CheckpointMetadata {
        format_version: FORMAT_VERSION,
        written_by: "a test".into(),
        classes: ham10000(),
        architecture: small(),
        resize: ResizeRule::square(SIZE),
        phase: "transfer".into(),
        config: String::new(),
        dataset: "0".repeat(64),
        fold: None,
        epoch: 3,
        validation: [("balanced_accuracy".to_owned(), 0.5)].into(),
        temperature: None,
        decisions: Decisions::default(),
        novelty: None,
        class_priors: Some(vec![0.03, 0.05, 0.11, 0.01, 0.11, 0.67, 0.02]),
        seen: Seen {
            training_lesions: vec![id_hash("HAM_0000001")],
            training_images: vec![id_hash("ISIC_0000001")],
            validation_lesions: vec![id_hash("HAM_0000002")],
            ..Seen::default()
        },
        sources: Default::default(),
        initial_weights: "random".into(),
        licence: "CC BY-NC 4.0".into(),
    }
}
