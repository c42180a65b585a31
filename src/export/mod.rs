//! Exports checkpoints to TorchScript, ONNX and TFLite. Uses only the fused network ([`crate::model::fuse`]), not the
//! training code.
//!
//! Each format has a writer ([`torchscript`], [`onnx`], [`tflite`]). Every exported file is run and compared with the
//! checkpoint ([`verify`]). [`package`] adds the files that apps need: the description and golden vectors ([`golden`]).

pub mod evaluations;
pub mod golden;
pub mod images;
pub mod inputs;
pub mod model_card;
mod novelty_check;
pub mod onnx;
pub mod package;
pub mod quantize;
pub mod readme;
mod score_change;
pub mod source;
pub mod tflite;
pub mod thresholds;
mod tolerance;
pub mod torchscript;
pub mod verify;
pub mod write;
