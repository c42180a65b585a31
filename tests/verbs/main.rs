//! The program as a user runs it: one file a verb. One test binary, because each links libtorch. Without the feature
//! `torch`, the tests of what works then.

// clippy.toml allows these in test functions; their helpers may use them too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "torch")]
mod average;
mod benchmark;
#[cfg(feature = "torch")]
mod calibrate;
mod check;
mod common;
#[cfg(feature = "torch")]
mod compare;
mod completions;
#[cfg(feature = "torch")]
mod config;
#[cfg(feature = "torch")]
mod datasets;
#[cfg(feature = "torch")]
mod demo;
#[cfg(feature = "torch")]
mod doctor;
#[cfg(feature = "torch")]
mod eval;
#[cfg(feature = "torch")]
mod export;
#[cfg(feature = "torch")]
mod folds;
mod global;
mod info;
#[cfg(feature = "torch")]
mod integrity;
mod man;
#[cfg(feature = "torch")]
mod mutated;
#[cfg(feature = "torch")]
mod networks;
#[cfg(all(unix, feature = "torch"))]
mod next;
#[cfg(feature = "torch")]
mod novelty;
#[cfg(unix)]
mod outputs;
#[cfg(feature = "torch")]
mod page;
#[cfg(feature = "torch")]
mod predict;
mod prepare;
mod released;
#[cfg(feature = "torch")]
mod report;
#[cfg(feature = "torch")]
mod serve;
#[cfg(feature = "torch")]
mod tflite;
#[cfg(feature = "torch")]
mod torchvision;
#[cfg(feature = "torch")]
mod train;
#[cfg(not(feature = "torch"))]
mod without_libtorch;
