//! The subset of the TFLite format that exported files use: schema, operators, and the graph as plain data.

pub(crate) mod graph;
pub(crate) mod operation;
pub(crate) mod schema;
