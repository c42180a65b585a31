//! The affine map between 8-bit integers and real numbers.

/// How the activations of one tensor are written in eight bits: `real = scale · (code − zero_point)`, codes 0–255.
///
/// A format whose codes are signed (TFLite) subtracts 128 from code and zero point alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantizationParams {
    /// The step between two codes; above 0.
    pub scale: f32,
    /// The code of 0.
    pub zero_point: u8,
}
