//! In which form an app hands over an image: what differs between the inputs of exported networks.

use super::description::{Description, Extent};
use crate::preprocess::ResizeRule;

/// The numbers that stand for a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// float32, red, green and blue in 0–1.
    Unit,
    /// uint8, red, green and blue in 0–255, as images are decoded; the graph divides them itself.
    Bytes,
}

/// The order of the input's dimensions: N images, C colours, H rows, W columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Planes, as PyTorch and ONNX have them.
    Nchw,
    /// Interleaved, as images lie in memory and TFLite has them.
    Nhwc,
}

impl InputKind {
    /// The type of the numbers, as the description has it.
    pub fn dtype(self) -> &'static str {
        match self {
            Self::Unit => "float32",
            Self::Bytes => "uint8",
        }
    }

    /// What black and white are.
    pub fn range(self) -> [f32; 2] {
        match self {
            Self::Unit => [0.0, 1.0],
            Self::Bytes => [0.0, 255.0],
        }
    }

    /// How a photograph becomes such an input, in words.
    pub fn preparation(self, rule: ResizeRule) -> String {
        let last = match self {
            Self::Unit => "divide by 255",
            Self::Bytes => "give the bytes as they are",
        };
        format!(
            "{}; {last}. Normalisation and softmax are inside the network.",
            rule.in_words()
        )
    }
}

impl Description {
    /// The same network, described as taking this kind of input in this layout.
    pub fn fed(&self, kind: InputKind, layout: Layout) -> Self {
        let mut description = self.clone();
        let input = &mut description.input;
        let side = Extent::Fixed(self.resize.size);
        let (batch, colours) = (Extent::Free("batch".to_owned()), Extent::Fixed(3));
        (input.layout, input.shape) = match layout {
            Layout::Nchw => ("NCHW".to_owned(), vec![batch, colours, side.clone(), side]),
            Layout::Nhwc => ("NHWC".to_owned(), vec![batch, side.clone(), side, colours]),
        };
        input.dtype = kind.dtype().to_owned();
        input.range = kind.range();
        description.preparation = kind.preparation(self.resize);
        description
    }
}
