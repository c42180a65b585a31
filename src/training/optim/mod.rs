//! Optimizers and parameter groups.

mod adam;
pub mod clip_grad_norm;
pub mod optimizer;
pub mod param_groups;
