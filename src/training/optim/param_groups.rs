//! Parameter groups of the optimizer, and their learning rates.

use super::optimizer::Optimizer;
use crate::model::mobilenet_v2::MobileNetV2;
use crate::training::config::TrainingConfig;

/// The optimizer of all trainable parameters, which require gradients from then on. Its groups are the trainable blocks
/// of the base, and the head.
pub fn optimizer(model: &MobileNetV2, config: &TrainingConfig) -> Optimizer {
    let blocks = model.network().blocks.len();
    let first_block = config.first_trainable_block(blocks);
    let base = (first_block..blocks).flat_map(|block| model.block_parameters(block));
    let trainable = |name: String| {
        let tensor = model.tensors()[&name].set_requires_grad(true);
        (name, tensor)
    };
    let groups = [base.collect(), model.head_parameters()]
        .map(|names: Vec<String>| names.into_iter().map(trainable).collect());
    Optimizer::new(
        config.optimizer,
        config.momentum,
        config.weight_decay,
        groups.into(),
    )
}
