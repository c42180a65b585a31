//! Optimizers.

mod adam;
pub mod optimizer;
pub mod param_groups;
