//! Affine quantization to 8 bits.

/// The quantization parameters of an activation tensor: `real = scale · (quantized − zero_point)`, with quantized
/// values 0 to 255.
///
/// In formats with signed values (TFLite), 128 is subtracted from both the quantized values and the zero point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantizationParams {
    /// The step between two quantized values; above 0.
    pub scale: f32,
    /// The quantized value of 0.
    pub zero_point: u8,
}
