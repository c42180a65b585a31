//! Optimizers and parameter groups.

mod adam;
pub mod optimizer;
pub mod param_groups;
