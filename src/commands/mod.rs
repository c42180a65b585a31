//! One file per verb: its flags, and `run`, which reads from top to bottom.

#[cfg(feature = "torch")]
pub mod average;
pub mod benchmark;
#[cfg(feature = "torch")]
pub mod calibrate;
pub mod check;
mod class_priors;
pub mod classes;
pub mod compare;
pub mod completions;
#[cfg(feature = "torch")]
pub mod config;
pub mod demo;
pub mod doctor;
pub mod eval;
mod existing;
#[cfg(feature = "torch")]
pub mod export;
pub mod info;
pub mod man;
mod no_digests;
mod one_of;
#[cfg(feature = "torch")]
mod phase;
pub mod predict;
pub mod prepare;
pub mod serve;
#[cfg(feature = "torch")]
pub mod train;
mod trust;
pub mod unknown_flag;
#[cfg(not(feature = "torch"))]
mod without_libtorch;

#[cfg(not(feature = "torch"))]
pub use self::without_libtorch::{average, calibrate, config, export, train};
