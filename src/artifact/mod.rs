//! Exported files: formats, input specification, `model.json` and the file names of an export folder. Shared by
//! [`crate::export`], which writes them, and [`crate::inference`], which reads them.

pub mod check;
pub mod description;
pub mod exported_file;
pub mod format;
pub mod input_spec;
pub mod interface;
pub mod package;
pub mod quantization;
pub mod released;
#[cfg(feature = "torch")]
pub mod tflite;
pub mod torchscript;
