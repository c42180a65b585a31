//! What exported files are checked and calibrated with.

use super::images::Images;
use crate::probabilities::Probabilities;

/// What files are checked and calibrated with.
pub struct ExportInputs<'a> {
    /// Images to compare on.
    pub images: &'a Images,
    /// The checkpoint's own answers to them ([`ExportSource::answers`]).
    pub answers: &'a [Probabilities],
    /// Prepared training images for int8 files.
    pub calibration: &'a [Vec<u8>],
}
