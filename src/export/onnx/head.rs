//! The head: class activation maps, logits, probabilities, and the novelty score.

use super::graph::{GraphBuilder, int, ints};
use super::proto::DimValue;
use crate::artifact::interface::{BATCH, EVIDENCE, LOGITS, NOVELTY, PROBABILITIES};
use crate::model::fuse::FusedLinear;
use crate::model::novelty::{self, Novelty};

/// Adds the operations from the last activations (float32, N × features × side × side) to the outputs.
///
/// The linear layer is applied at every position before averaging. This is equivalent to averaging first, costs little,
/// and yields class activation maps (Zhou et al. 2016).
pub fn head(graph: &mut GraphBuilder, head: &FusedLinear, features: &str, side: i64) {
    let (inputs, classes) = (head.layer.inputs as i64, head.layer.outputs as i64);
    let named = |part: &str| format!("{}.{part}", head.layer.name);
    let weight = graph.constant(&named("weight"), &[classes, inputs, 1, 1], &head.weight);
    let bias = graph.constant(&named("bias"), &[classes], &head.bias);
    let settings = vec![ints("kernel_shape", &[1; 2])];
    let evidence = graph.operation("Conv", &[features, &weight], settings, EVIDENCE);
    let mean = graph.operation("GlobalAveragePool", &[&evidence], vec![], &named("mean"));
    let flat = graph.operation("Flatten", &[&mean], vec![int("axis", 1)], &named("flat"));
    let logits = graph.operation("Add", &[&flat, &bias], vec![], LOGITS);
    graph.operation("Softmax", &[&logits], vec![int("axis", 1)], PROBABILITIES);

    let batch = || DimValue::Free(BATCH.into());
    let shape = [batch(), DimValue::Fixed(classes)];
    let doc = "softmax of the logits, one per class";
    graph.output(PROBABILITIES, &shape, doc);
    graph.output(LOGITS, &shape, "before the softmax");
    let [side, class] = [side, classes].map(DimValue::Fixed);
    let doc = "how much each place speaks for each class: a logit is its mean over all places and a constant";
    graph.output(EVIDENCE, &[batch(), class, side.clone(), side], doc);
}

/// Adds the operations from the last activations (as for [`head`]) to the novelty score ([`novelty`]), in float32.
pub fn novelty(graph: &mut GraphBuilder, statistics: &Novelty, features: &str) {
    let (count, width) = (statistics.count() as i64, statistics.mean.len() as i64);
    let mean = graph.constant(novelty::MEAN, &[1, width], &statistics.mean);
    let directions = graph.constant(novelty::DIRECTIONS, &[count, width], &statistics.directions);
    let axes = graph.int64_constant("novelty.axes", &[1], &[1]);
    let pooled = graph.operation("GlobalAveragePool", &[features], vec![], "novelty.pooled");
    let flat = vec![int("axis", 1)];
    let pooled = graph.operation("Flatten", &[&pooled], flat, "novelty.features");
    let centred = graph.operation("Sub", &[&pooled, &mean], vec![], "novelty.centred");
    let transposed = vec![int("transB", 1)];
    let inside = [&centred[..], &directions];
    let inside = graph.operation("Gemm", &inside, transposed, "novelty.inside");
    let mut squares = |values: &str| {
        let named = |part: &str| format!("{values}.{part}");
        let squares = graph.operation("Mul", &[values, values], vec![], &named("squares"));
        let kept = vec![int("keepdims", 1)];
        graph.operation("ReduceSum", &[&squares, &axes], kept, &named("sum"))
    };
    let (all, inside) = (squares(&centred), squares(&inside));
    graph.operation("Sub", &[&all, &inside], vec![], NOVELTY);
    let shape = [DimValue::Free(BATCH.into()), DimValue::Fixed(1)];
    let doc = "squared distance of the features from the subspace of the training images'";
    graph.output(NOVELTY, &shape, doc);
}
