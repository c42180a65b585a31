//! The inputs of verification and calibration.

use super::images::Images;
use crate::inference::classifier::Outputs;
use crate::metrics::decisions::Decisions;

/// The inputs of verification and calibration.
pub struct ExportInputs<'a> {
    /// The images for verification.
    pub images: &'a Images,
    /// The checkpoint's outputs for them ([`super::source::ExportSource::answers`]).
    pub answers: &'a Outputs,
    /// The decision rules whose metrics an int8 file must keep.
    pub decisions: &'a Decisions,
    /// Preprocessed training images for int8 calibration.
    pub calibration: &'a [Vec<u8>],
}
