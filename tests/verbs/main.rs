//! The program as a user runs it: one file a verb. One test binary, because each links libtorch.

mod common;
mod demo;
mod doctor;
mod eval;
mod export;
mod networks;
mod predict;
mod prepare;
mod torchvision;
mod train;
