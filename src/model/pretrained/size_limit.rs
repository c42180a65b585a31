//! How large a file of weights may be.

/// Larger files and downloads are refused: MobileNetV2 has 14 MB, and a checkpoint a few times that.
pub const MAX_BYTES: u64 = 1 << 30;
