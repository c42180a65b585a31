//! The file formats that a network can be written in, by name.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A file format.
#[derive(Display, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
#[strum(parse_err_ty = UnknownFormat, parse_err_fn = unknown)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For libtorch and PyTorch.
    #[strum(serialize = "torchscript")]
    TorchScript,
    /// For nearly everything else.
    Onnx,
    /// ONNX of half the size.
    OnnxFp16,
    /// ONNX of a quarter of the size, in whole numbers.
    OnnxInt8,
    /// For Android, where LiteRT (TensorFlow Lite) runs it.
    Tflite,
    /// TFLite of half the size.
    TfliteFp16,
    /// TFLite of a quarter of the size, in whole numbers.
    TfliteInt8,
    /// The phone page, a folder for any web server.
    Web,
}

/// Who runs a file.
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

/// How exactly a file holds the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floating point: the checkpoint's own numbers.
    Single,
    /// 16-bit floating point.
    Half,
    /// Whole numbers of 8 bits.
    Int8,
}

/// The precision of the weights in a file of real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatPrecision {
    /// As trained.
    F32,
    /// Half the size. ONNX files compute in it too; TFLite runtimes compute in whichever precision they prefer.
    F16,
}

impl Format {
    /// All of them, in the order in which they are written and listed.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name in flags and tables.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its name within an export folder: a file's, or the page's folder.
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

    /// Who runs it.
    pub fn family(self) -> Family {
        match self {
            Self::TorchScript => Family::TorchScript,
            Self::Onnx | Self::OnnxFp16 | Self::OnnxInt8 => Family::Onnx,
            Self::Tflite | Self::TfliteFp16 | Self::TfliteInt8 => Family::Tflite,
            Self::Web => Family::Web,
        }
    }

    /// How exactly it holds the network.
    pub fn precision(self) -> Precision {
        match self {
            Self::TorchScript | Self::Onnx | Self::Tflite | Self::Web => Precision::Single,
            Self::OnnxFp16 | Self::TfliteFp16 => Precision::Half,
            Self::OnnxInt8 | Self::TfliteInt8 => Precision::Int8,
        }
    }

    /// The engine of this program that runs it again.
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

/// The text that is no format.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not one of {names}, all", names = Format::names())]
pub struct UnknownFormat(pub String);

fn unknown(text: &str) -> UnknownFormat {
    UnknownFormat(text.to_owned())
}
