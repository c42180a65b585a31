//! One file per verb: its flags, and `run`, which reads from top to bottom.

#[cfg(feature = "torch")]
pub mod average;
#[cfg(feature = "torch")]
pub mod calibrate;
pub mod check;
mod class_priors;
pub mod compare;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod eval;
mod existing;
#[cfg(feature = "torch")]
pub mod export;
pub mod man;
mod no_digests;
mod one_of;
pub mod predict;
pub mod prepare;
pub mod serve;
#[cfg(feature = "torch")]
pub mod train;
#[cfg(not(feature = "torch"))]
mod without_libtorch;

#[cfg(not(feature = "torch"))]
pub use self::without_libtorch::{average, calibrate, export, train};
