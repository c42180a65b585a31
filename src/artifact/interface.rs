//! The input and outputs of an exported file: the fields of its description that differ between files.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::format::{Family, Format};
use crate::imaging::resize::ResizeRule;

/// Name of the network's input.
pub const INPUT: &str = "image";

/// Name of the output with the softmax probabilities.
pub const PROBABILITIES: &str = "probabilities";

/// Name of the output with the logits.
pub const LOGITS: &str = "logits";

/// Name of the output with the novelty score.
pub const NOVELTY: &str = "novelty";

/// Name of the output with the class activation maps.
pub const EVIDENCE: &str = "evidence";

/// Name of the dynamic batch dimension.
pub const BATCH: &str = "batch";

/// Name of the dynamic height of a file that resizes its input.
pub const HEIGHT: &str = "height";

/// Name of the dynamic width of a file that resizes its input.
pub const WIDTH: &str = "width";

/// The data type of the input.
#[derive(Display, EnumString, IntoStaticStr)]
#[strum(parse_err_ty = String, parse_err_fn = unknown)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputKind {
    /// float32 in 0–1.
    #[default]
    #[strum(serialize = "float32")]
    Unit,
    /// uint8 in 0–255, as from cameras and decoders, NHWC.
    #[strum(serialize = "uint8")]
    Bytes,
}

impl InputKind {
    /// Its name in flags and in `model.json`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn unknown(text: &str) -> String {
    format!("'{text}' is not one of float32, uint8")
}

/// The input and outputs of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interface {
    /// The data type of the input.
    #[serde(skip)]
    pub kind: InputKind,
    /// Whether the file accepts images of any size and resizes them.
    #[serde(skip)]
    pub resizes: bool,
    /// The input tensor.
    pub input: Input,
    /// The output tensors: [`PROBABILITIES`], [`LOGITS`], in ONNX files [`EVIDENCE`], and [`NOVELTY`] if the network
    /// has a novelty score.
    pub outputs: Vec<Output>,
    /// The preprocessing of a photograph, in words.
    pub preparation: String,
}

/// The input tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// The shape. A name denotes a dynamic dimension.
    pub shape: Vec<Dim>,
    /// The element type.
    pub dtype: String,
    /// The order of the dimensions: N images, C channels, H rows, W columns.
    pub layout: String,
    /// The order of the channels.
    pub colour_order: String,
    /// The values of black and white.
    pub range: [f32; 2],
}

impl Input {
    /// Whether the input is uint8 NHWC rather than float32 in 0–1.
    pub fn takes_bytes(&self) -> bool {
        self.dtype == InputKind::Bytes.name()
    }
}

/// An output tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The shape.
    pub shape: Vec<Dim>,
    /// The element type.
    pub dtype: String,
}

/// The size of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dim {
    /// A fixed size.
    Fixed(u32),
    /// A dynamic size, by name.
    Free(String),
}

impl Interface {
    /// The interface of a file of this format, for a network with so many classes whose images are resized by
    /// `rule`.
    pub fn new(
        format: Format,
        rule: ResizeRule,
        kind: InputKind,
        resizes: bool,
        classes: usize,
    ) -> Self {
        let family = format.family();
        let free = |name: &str| Dim::Free(name.to_owned());
        let side = || Dim::Fixed(rule.size);
        let [height, width] = if resizes {
            [HEIGHT, WIDTH].map(free)
        } else {
            [side(), side()]
        };
        let (batch, channels) = (free(BATCH), Dim::Fixed(3));
        let channels_last = kind == InputKind::Bytes || family == Family::Tflite;
        let (layout, shape) = match channels_last {
            true => ("NHWC", vec![batch, height, width, channels]),
            false => ("NCHW", vec![batch, channels, height, width]),
        };
        let output = |name: &str, sides: &[u32]| Output {
            name: name.to_owned(),
            shape: [free(BATCH), Dim::Fixed(classes as u32)]
                .into_iter()
                .chain(sides.iter().map(|&side| Dim::Fixed(side)))
                .collect(),
            dtype: "float32".to_owned(),
        };
        let mut outputs = vec![output(PROBABILITIES, &[]), output(LOGITS, &[])];
        if family == Family::Onnx {
            outputs.push(output(EVIDENCE, &[evidence_side(rule.size); 2]));
        }
        Self {
            kind,
            resizes,
            input: Input {
                name: INPUT.to_owned(),
                shape,
                dtype: kind.name().to_owned(),
                layout: layout.to_owned(),
                colour_order: "RGB".to_owned(),
                range: match kind {
                    InputKind::Unit => [0.0, 1.0],
                    InputKind::Bytes => [0.0, 255.0],
                },
            },
            outputs,
            preparation: preparation(rule, kind, resizes),
        }
    }

    /// The interface with the output [`NOVELTY`] (N × 1) if `has_novelty`.
    pub fn with_novelty(mut self, has_novelty: bool) -> Self {
        self.outputs.extend(has_novelty.then(|| Output {
            name: NOVELTY.to_owned(),
            shape: vec![Dim::Free(BATCH.to_owned()), Dim::Fixed(1)],
            dtype: "float32".to_owned(),
        }));
        self
    }

    /// Width and height of [`EVIDENCE`] for images of `size` pixels.
    pub fn evidence_side(&self, size: u32) -> u32 {
        evidence_side(size)
    }
}

/// MobileNetV2 halves the resolution five times, rounding up.
fn evidence_side(size: u32) -> u32 {
    size.div_ceil(32)
}

fn preparation(rule: ResizeRule, kind: InputKind, resizes: bool) -> String {
    let resize = match resizes {
        true => "Decode to 8-bit RGB and turn it as its EXIF orientation says; the file resizes it"
            .to_owned(),
        false => rule.in_words(),
    };
    let range = match kind {
        InputKind::Unit => "; divide by 255",
        InputKind::Bytes => "",
    };
    format!("{resize}{range}. Normalisation and softmax are inside the network.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uint8_files_take_unscaled_nhwc_bytes() {
        let rule = ResizeRule::square(64);
        let bytes = Interface::new(Format::Onnx, rule, InputKind::Bytes, false, 7);
        assert_eq!(bytes.input.layout, "NHWC");
        assert_eq!(bytes.input.range, [0.0, 255.0]);
        assert!(!bytes.preparation.contains("255"));
        let any = Interface::new(Format::Onnx, rule, InputKind::Bytes, true, 7);
        let json = serde_json::to_value(&any.input.shape).unwrap();
        assert_eq!(json, serde_json::json!(["batch", "height", "width", 3]));
        assert!(!any.preparation.contains("64"), "{}", any.preparation);
    }

    #[test]
    fn tflite_files_are_nhwc_and_float_onnx_files_nchw() {
        let layout = |format| {
            let rule = ResizeRule::square(64);
            Interface::new(format, rule, InputKind::Unit, false, 7)
                .input
                .layout
        };
        assert_eq!(layout(Format::Tflite), "NHWC");
        assert_eq!(layout(Format::Onnx), "NCHW");
    }
}
