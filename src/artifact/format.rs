//! Export formats.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// An export format.
#[derive(Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[strum(parse_err_ty = UnknownFormat, parse_err_fn = unknown)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// TorchScript, for libtorch and PyTorch.
    #[strum(serialize = "torchscript")]
    TorchScript,
    /// ONNX, for most other runtimes.
    Onnx,
    /// ONNX with float16 weights: half the size.
    OnnxFp16,
    /// ONNX quantized to int8: a quarter of the size.
    OnnxInt8,
    /// TFLite, for Android, run by LiteRT (TensorFlow Lite).
    Tflite,
    /// TFLite with float16 weights: half the size.
    TfliteFp16,
    /// TFLite quantized to int8: a quarter of the size.
    TfliteInt8,
    /// The phone page, a folder for any web server.
    Web,
}

/// The kind of runtime of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// libtorch.
    TorchScript,
    /// ONNX runtimes.
    Onnx,
    /// LiteRT.
    Tflite,
    /// A browser.
    Web,
}

/// The numeric precision of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floating point, as the checkpoint.
    Single,
    /// 16-bit floating point.
    Half,
    /// 8-bit integers.
    Int8,
}

/// The precision of floating-point weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatPrecision {
    /// float32, as trained.
    F32,
    /// float16, half the size. ONNX files also compute in it; TFLite runtimes choose their own precision.
    F16,
}

impl Format {
    /// All formats, in the order in which they are written and listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name in flags and tables.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The file name within an export folder; for the web app, the folder name.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::TorchScript => "model.pt",
            Self::Onnx => "model.onnx",
            Self::OnnxFp16 => "model-fp16.onnx",
            Self::OnnxInt8 => "model-int8.onnx",
            Self::Tflite => "model.tflite",
            Self::TfliteFp16 => "model-fp16.tflite",
            Self::TfliteInt8 => "model-int8.tflite",
            Self::Web => "web",
        }
    }

    /// The kind of runtime.
    pub fn family(self) -> Family {
        match self {
            Self::TorchScript => Family::TorchScript,
            Self::Onnx | Self::OnnxFp16 | Self::OnnxInt8 => Family::Onnx,
            Self::Tflite | Self::TfliteFp16 | Self::TfliteInt8 => Family::Tflite,
            Self::Web => Family::Web,
        }
    }

    /// The numeric precision.
    pub fn precision(self) -> Precision {
        match self {
            Self::TorchScript | Self::Onnx | Self::Tflite | Self::Web => Precision::Single,
            Self::OnnxFp16 | Self::TfliteFp16 => Precision::Half,
            Self::OnnxInt8 | Self::TfliteInt8 => Precision::Int8,
        }
    }

    /// The inference engine that verifies the file; empty for the web app.
    pub fn engine(self) -> &'static str {
        match self.family() {
            Family::TorchScript => "libtorch",
            Family::Onnx => "rten",
            Family::Tflite => "skinlesion",
            Family::Web => "",
        }
    }

    /// All names as "torchscript, …", for messages.
    pub fn names() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
        names.join(", ")
    }
}

/// The text does not name a format.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not one of {names}, all", names = Format::names())]
pub struct UnknownFormat(pub String);

fn unknown(text: &str) -> UnknownFormat {
    UnknownFormat(text.to_owned())
}
