//! Parameter groups of the optimizer, and their learning rates.

use super::optimizer::Optimizer;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::training::config::TrainingConfig;

/// The optimizer of all trainable parameters, which require gradients from then on. Its groups are the trainable
/// blocks, first to last, and the head. [`rates`] returns one learning rate per group.
pub fn optimizer(model: &MobileNetV2, config: &TrainingConfig) -> Optimizer {
    let blocks = model.network().blocks.len();
    let first_block = config.trainable(blocks, config.epochs).first_block;
    let block_parameters = (first_block..blocks).map(|block| model.block_parameters(block));
    let trainable = |name: String| {
        let tensor = model.tensors()[&name].set_requires_grad(true);
        (name, tensor)
    };
    let groups = block_parameters
        .chain([model.head_parameters()])
        .map(|names| names.into_iter().map(trainable).collect())
        .collect();
    Optimizer::new(
        config.optimizer,
        config.momentum,
        config.weight_decay,
        groups,
    )
}

/// The learning rate of each of `groups` groups. The last block has the rate `base`, every other block `layer_decay`
/// times the rate of the next one. All but the last `trainable` blocks are frozen (rate 0). The head has the rate
/// `head`.
pub fn rates(
    config: &TrainingConfig,
    groups: usize,
    trainable: usize,
    base: f64,
    head: f64,
) -> Vec<f64> {
    let block_rate = |depth: usize| match depth < trainable {
        true => base * config.layer_decay.powi(depth as i32),
        false => 0.0,
    };
    let blocks = (0..groups - 1).rev().map(block_rate);
    blocks.chain([head]).collect()
}
