//! One photograph and what the metadata says about it.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use crate::Diagnosis;

/// One row of the metadata, after its checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The image's name without folder and extension, such as `ISIC_0027419`.
    pub image_id: String,
    /// The lesion that the image shows. Where the source knows none, the image's own id.
    pub lesion_id: String,
    /// The label.
    pub dx: Diagnosis,
    /// How the label was found: `histo`, `follow_up`, `consensus`, `confocal`; empty if unknown.
    pub dx_type: String,
    /// Age in years as the metadata writes it; empty if unknown.
    pub age: String,
    /// `male`, `female` or `unknown`.
    pub sex: String,
    /// Where on the body; `unknown` if not known.
    pub localization: String,
    /// The collection that the image comes from (the metadata's `dataset` column); empty if unknown.
    pub source: String,
}

/// What a sample is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[strum(parse_err_ty = UnknownPart, parse_err_fn = unknown)]
pub enum Split {
    /// Gradients come from it.
    Train,
    /// Choices are made on it: when to stop, which checkpoint, which threshold.
    Val,
    /// Looked at once, at the end.
    Test,
}

impl Split {
    /// All parts, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// Its name in files and flags.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The text that is no part.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not one of train, val, test")]
pub struct UnknownPart(pub String);

fn unknown(text: &str) -> UnknownPart {
    UnknownPart(text.to_owned())
}
