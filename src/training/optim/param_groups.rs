//! The parameter groups of the optimizer and their learning rates.

use super::optimizer::Optimizer;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::training::config::TrainingConfig;

/// The optimizer over all that learns, which from now on requires gradients. Its groups are the learning
/// blocks, first to last, and the head; [`rates`] gives one learning rate for each.
pub fn optimizer(model: &MobileNetV2, config: &TrainingConfig) -> Optimizer {
    let blocks = model.network().blocks.len();
    let first_block = config.trainable(blocks, config.epochs).first_block;
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
