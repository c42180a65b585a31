//! One operation of a graph, ready to run.

use super::ops::Op;
use crate::artifact::tflite::graph::Id;

/// One operation.
pub struct Step {
    /// What it computes.
    pub action: Op,
    /// From which values.
    pub takes: Vec<Id>,
    /// Which value.
    pub makes: Id,
    /// Values that no later step takes.
    pub last: Vec<Id>,
}
