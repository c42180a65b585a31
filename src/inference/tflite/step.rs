//! An operation of a graph, prepared for execution.

use super::ops::Op;
use crate::artifact::tflite::graph::Id;

/// An operation with its inputs and output.
pub struct Step {
    /// The operation.
    pub op: Op,
    /// Ids of the inputs.
    pub inputs: Vec<Id>,
    /// Id of the output.
    pub output: Id,
    /// Inputs that no later step uses; their memory is freed.
    pub last_uses: Vec<Id>,
}
