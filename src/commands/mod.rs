//! One file a verb: its flags and, in `run`, what it does from top to bottom.

pub mod average;
pub mod calibrate;
pub mod check;
pub mod compare;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod eval;
mod existing;
pub mod export;
pub mod man;
pub mod predict;
pub mod prepare;
pub mod serve;
pub mod train;
