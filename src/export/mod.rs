//! A checkpoint as files that phones and other programs run. Sees only the fused network
//! ([`crate::model::fuse`]), never the training code.
//!
//! Each format has a writer ([`torchscript`], [`onnx`], [`tflite`]), each written file is run again and compared
//! ([`verify`]), and [`package`] puts beside them what an app needs to know ([`description`], [`golden`]).

pub mod golden;
pub mod images;
pub mod inputs;
pub mod model_card;
pub mod onnx;
pub mod package;
pub mod quantize;
pub mod readme;
pub mod source;
pub mod tflite;
pub mod torchscript;
pub mod verify;
pub mod write;
