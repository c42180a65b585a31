//! What a run needs before its first step: its optimizer, and what its checkpoints will say of it.

use super::config::TrainingConfig;
use super::optimizer::Optimizer;
use super::run::Run;
use super::start::Start;
use crate::dataset::{Dataset, Part};
use crate::model::checkpoint::{self, About, lesion_hash};
use crate::model::mobilenet_v2::MobileNetV2;
use crate::{Diagnosis, Error, Result};

/// The optimizer over all that learns, which from now on requires gradients. Its groups are the learning
/// blocks, first to last, and the head; [`rates`] gives one learning rate for each.
pub fn optimizer(model: &MobileNetV2, config: &TrainingConfig) -> Optimizer {
    let blocks = model.network().blocks.len();
    let first_block = config.thawed(blocks, config.epochs).first_block;
    let of_blocks = (first_block..blocks).map(|block| model.block_parameters(block));
    let learning = |name: String| {
        let tensor = model.tensors()[&name].set_requires_grad(true);
        (name, tensor)
    };
    let groups = of_blocks
        .chain([model.head_parameters()])
        .map(|names| names.into_iter().map(learning).collect())
        .collect();
    Optimizer::new(
        config.optimizer,
        config.momentum,
        config.weight_decay,
        groups,
    )
}

/// The learning rate of each of `groups` groups when that of the base's last block is `base`: every block has
/// the share `layer_decay` of the one after it, and all but the last `learning` blocks have none.
pub fn rates(
    config: &TrainingConfig,
    groups: usize,
    learning: usize,
    base: f64,
    head: f64,
) -> Vec<f64> {
    let of_block = |depth: usize| match depth < learning {
        true => base * config.layer_decay.powi(depth as i32),
        false => 0.0,
    };
    let blocks = (0..groups - 1).rev().map(of_block);
    blocks.chain([head]).collect()
}

/// Refuses a dataset that lacks a part which training needs.
pub fn refuse_empty(dataset: &Dataset, rows: &[Vec<usize>; 2]) -> Result<()> {
    for (part, rows) in [Part::Train, Part::Val].into_iter().zip(rows) {
        if rows.is_empty() {
            return Err(Error::file(
                &dataset.path,
                format!("its {part} part is empty, and training needs it"),
                "Prepare the dataset with shares for all parts.",
            ));
        }
    }
    Ok(())
}

/// What every checkpoint of the run says about itself; epoch and figures are filled in later.
pub fn about(run: &Run, start: &Start, [train, val]: &[Vec<usize>; 2]) -> About {
    let hashes = |rows: &[usize], earlier: &[String]| {
        let own = rows
            .iter()
            .map(|&row| lesion_hash(&run.dataset.rows[row].sample.lesion_id));
        let mut all: Vec<String> = own.chain(earlier.iter().cloned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    About {
        format_version: checkpoint::FORMAT_VERSION,
        written_by: concat!("skinlesion ", env!("CARGO_PKG_VERSION")).into(),
        classes: Diagnosis::ALL.map(|d| d.code().to_owned()).into(),
        architecture: start.architecture,
        resize: run.dataset.info.resize,
        phase: run.config.phase.name().into(),
        config: run.config.to_toml(),
        dataset: run.dataset.info.hashes.manifest.clone(),
        fold: run.dataset.fold,
        epoch: 0,
        validation: Default::default(),
        temperature: None,
        training_lesions: hashes(train, &start.training_lesions),
        validation_lesions: hashes(val, &start.validation_lesions),
        initial_weights: start.initial_weights.clone(),
        licence: LICENCE.into(),
    }
}

/// True of whatever images a user trains on; the program cannot know their licence.
const LICENCE: &str = "that of the images it was trained on; HAM10000's is CC BY-NC 4.0 \
    (Tschandl, Rosendahl, Kittler 2018)";
