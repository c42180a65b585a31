//! The size limit of weights files.

/// Larger files and downloads are refused. MobileNetV2 has 14 MB, a checkpoint with train state a few times as much.
pub const MAX_BYTES: u64 = 1 << 30;
