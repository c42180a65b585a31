//! Exported files as [`self::classifier::Classifier`]s: what `eval` and `predict` take besides checkpoints,
//! and what export checks its files with.

#[cfg(feature = "torch")]
pub mod checkpoint;
pub mod classifier;
pub mod onnx;
pub mod open;
#[cfg(feature = "torch")]
pub mod tflite;
#[cfg(feature = "torch")]
pub mod torchscript;
pub mod tta;
