//! What goes into an exported file and what comes out: the part of its description in which files differ.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::format::{Family, Format};
use crate::Diagnosis;
use crate::imaging::resize::ResizeRule;

/// Name of the network's input.
pub const INPUT: &str = "image";

/// Name of the output that sums to 1.
pub const PROBABILITIES: &str = "probabilities";

/// Name of the output before the softmax.
pub const LOGITS: &str = "logits";

/// Name of the output that shows how much each place speaks for each class.
pub const EVIDENCE: &str = "evidence";

/// The free dimension: any number of images at once.
pub const BATCH: &str = "batch";

/// The free height of an image that is resized inside.
pub const HEIGHT: &str = "height";

/// The free width of an image that is resized inside.
pub const WIDTH: &str = "width";

/// The numbers that an app gives.
#[derive(Display, EnumString, IntoStaticStr)]
#[strum(parse_err_ty = String, parse_err_fn = unknown)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputKind {
    /// float32 in 0–1.
    #[default]
    #[strum(serialize = "float32")]
    Unit,
    /// uint8 as cameras and decoders give them, rows first, colours interleaved (NHWC).
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

/// The input and the outputs of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interface {
    /// The numbers that it takes.
    #[serde(skip)]
    pub kind: InputKind,
    /// Whether it takes images of any size and resizes them itself.
    #[serde(skip)]
    pub resizes: bool,
    /// What goes in.
    pub input: Input,
    /// What comes out: [`PROBABILITIES`], then [`LOGITS`], and from ONNX files [`EVIDENCE`].
    pub outputs: Vec<Output>,
    /// How a photograph becomes the input, in words.
    pub preparation: String,
}

/// The input tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its dims; a name stands for any number.
    pub shape: Vec<Dim>,
    /// The type of its numbers.
    pub dtype: String,
    /// The order of its dimensions: N images, C colours, H rows, W columns.
    pub layout: String,
    /// The order of the colours.
    pub colour_order: String,
    /// What black and white are.
    pub range: [f32; 2],
}

impl Input {
    /// Whether it takes bytes, rows first and colours interleaved, rather than planes of numbers in 0–1.
    pub fn takes_bytes(&self) -> bool {
        self.dtype == InputKind::Bytes.name()
    }
}

/// An output tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its dims.
    pub shape: Vec<Dim>,
    /// The type of its numbers.
    pub dtype: String,
}

/// The size of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dim {
    /// So many.
    Fixed(u32),
    /// Any number, under a name.
    Free(String),
}

impl Interface {
    /// That of a file of this format, for a network whose images are prepared by `rule`.
    pub fn new(format: Format, rule: ResizeRule, kind: InputKind, resizes: bool) -> Self {
        let family = format.family();
        let free = |name: &str| Dim::Free(name.to_owned());
        let side = || Dim::Fixed(rule.size);
        let [height, width] = if resizes {
            [HEIGHT, WIDTH].map(free)
        } else {
            [side(), side()]
        };
        let (batch, colours) = (free(BATCH), Dim::Fixed(3));
        let by_pixel = kind == InputKind::Bytes || family == Family::Tflite;
        let (layout, shape) = match by_pixel {
            true => ("NHWC", vec![batch, height, width, colours]),
            false => ("NCHW", vec![batch, colours, height, width]),
        };
        let output = |name: &str, sides: &[u32]| Output {
            name: name.to_owned(),
            shape: [free(BATCH), Dim::Fixed(Diagnosis::COUNT as u32)]
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

    /// Width and height of [`EVIDENCE`] for images of `size` pixels.
    pub fn evidence_side(&self, size: u32) -> u32 {
        evidence_side(size)
    }
}

/// MobileNetV2 halves its images five times, each time rounding up.
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
    fn a_file_for_camera_bytes_takes_them_as_they_come() {
        let rule = ResizeRule::square(64);
        let bytes = Interface::new(Format::Onnx, rule, InputKind::Bytes, false);
        assert_eq!(bytes.input.layout, "NHWC");
        assert_eq!(bytes.input.range, [0.0, 255.0]);
        assert!(!bytes.preparation.contains("255"));
        let any = Interface::new(Format::Onnx, rule, InputKind::Bytes, true);
        let json = serde_json::to_value(&any.input.shape).unwrap();
        assert_eq!(json, serde_json::json!(["batch", "height", "width", 3]));
        assert!(!any.preparation.contains("64"), "{}", any.preparation);
    }

    #[test]
    fn tflite_files_take_pixels_and_onnx_files_planes() {
        let layout = |format| {
            let rule = ResizeRule::square(64);
            Interface::new(format, rule, InputKind::Unit, false)
                .input
                .layout
        };
        assert_eq!(layout(Format::Tflite), "NHWC");
        assert_eq!(layout(Format::Onnx), "NCHW");
    }
}
