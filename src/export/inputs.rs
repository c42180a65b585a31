//! The inputs of verification and calibration.

use super::images::Images;
use crate::probabilities::Probabilities;

/// The inputs of verification and calibration.
pub struct ExportInputs<'a> {
    /// The images for verification.
    pub images: &'a Images,
    /// The checkpoint's probabilities for them ([`super::source::ExportSource::answers`]).
    pub answers: &'a [Probabilities],
    /// Preprocessed training images for int8 calibration.
    pub calibration: &'a [Vec<u8>],
}
