//! The part of the TFLite format that our files use: field numbers, operators, and a graph as plain data.

pub(crate) mod graph;
pub(crate) mod operation;
pub(crate) mod schema;
