//! Implementations of [`self::classifier::Classifier`] for checkpoints and for ONNX, TFLite and TorchScript files.
//!
//! `eval` and `predict` run models through this module, and `export` verifies its files with it.

pub mod benchmark;
#[cfg(feature = "torch")]
pub mod checkpoint;
pub mod classifier;
pub mod ensemble;
pub mod judgement;
pub mod model_info;
pub mod onnx;
mod onnx_wire;
pub mod open;
#[cfg(feature = "torch")]
pub mod tflite;
#[cfg(feature = "torch")]
pub mod torchscript;
pub mod tta;
