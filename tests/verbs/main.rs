//! The program as a user runs it: one file a verb. One test binary, because each links libtorch.

// clippy.toml allows these in test functions; their helpers may use them too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod average;
mod calibrate;
mod check;
mod common;
mod compare;
mod completions;
mod demo;
mod doctor;
mod eval;
mod export;
mod folds;
mod man;
mod networks;
mod page;
mod predict;
mod prepare;
mod released;
mod report;
mod serve;
mod tflite;
mod torchvision;
mod train;
