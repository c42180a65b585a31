//! The program as a user runs it: one file a verb. One test binary, because each links libtorch.

mod common;
mod completions;
mod demo;
mod doctor;
mod eval;
mod export;
mod man;
mod predict;
mod prepare;
mod train;
