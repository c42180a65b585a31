//! Parameter groups of the optimizer, and their learning rates.

use super::optimizer::Optimizer;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::training::config::TrainingConfig;

/// The optimizer of all trainable parameters, which require gradients from then on. Its groups are the trainable
/// blocks, first to last, and the head. [`rates`] returns one learning rate per group.
pub fn optimizer(model: &MobileNetV2, config: &TrainingConfig) -> Optimizer {
    let blocks = model.network().blocks.len();
    let first_block = config.trainable(blocks).first_block;
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

/// The learning rate of each of `groups` groups: that of the head for the last, that of the base for the others.
pub fn rates(groups: usize, base: f64, head: f64) -> Vec<f64> {
    let mut rates = vec![base; groups - 1];
    rates.push(head);
    rates
}
