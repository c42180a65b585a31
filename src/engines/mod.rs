//! Exported files as [`crate::classifier::Classifier`]s: what `eval` and `predict` take besides checkpoints,
//! and what export checks its files with.

pub mod onnx;
pub mod tflite;
pub mod torchscript;
