//! What an exported file is: formats, what goes in and comes out, `model.json`, and the names of an export folder's
//! files. Known both to [`crate::export`], which writes them, and to [`crate::inference`], which reads them.

pub mod check;
pub mod description;
pub mod exported_file;
pub mod format;
pub mod interface;
pub mod package;
pub mod quantization;
#[cfg(feature = "torch")]
pub mod tflite;
pub mod torchscript;
