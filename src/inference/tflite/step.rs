//! One operation of a graph, ready to run.

use super::ops::Action;
use crate::artifact::tflite::graph::Id;

/// One operation.
pub struct Step {
    /// What it computes.
    pub action: Action,
    /// From which values.
    pub takes: Vec<Id>,
    /// Which value.
    pub makes: Id,
    /// Values that no later step takes.
    pub last: Vec<Id>,
}
