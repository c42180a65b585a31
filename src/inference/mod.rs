//! Exported files as [`self::classifier::Classifier`]s: what `eval` and `predict` take besides checkpoints,
//! and what export checks its files with.

pub mod checkpoint;
pub mod classifier;
pub mod onnx;
pub mod open;
pub mod tflite;
pub mod torchscript;
pub mod tta;
