//! A photograph and its metadata.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use crate::Class;

/// A checked row of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The image's name without folder and extension, such as `ISIC_0027419`.
    pub image_id: String,
    /// The id of the lesion. If the source has no lesion ids, the image id.
    pub lesion_id: String,
    /// The id of the patient; empty if unknown.
    pub patient_id: String,
    /// The label.
    pub dx: Class,
    /// How the diagnosis was made: `histo`, `follow_up`, `consensus`, `confocal`; empty if unknown.
    pub dx_type: String,
    /// Age in years, as written in the metadata; empty if unknown.
    pub age: String,
    /// `male`, `female` or `unknown`.
    pub sex: String,
    /// The body site; `unknown` if not known.
    pub localization: String,
    /// The collection that the image comes from (the metadata's `dataset` column); empty if unknown.
    pub source: String,
}

/// A split of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[strum(parse_err_ty = UnknownSplit, parse_err_fn = unknown)]
pub enum Split {
    /// Training: the weights are fitted to it.
    Train,
    /// Validation: early stopping, checkpoint and threshold selection.
    Val,
    /// Test: scored once, at the end.
    Test,
}

impl Split {
    /// All splits, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// Its name in files and flags.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The text does not name a split.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not one of train, val, test")]
pub struct UnknownSplit(pub String);

fn unknown(text: &str) -> UnknownSplit {
    UnknownSplit(text.to_owned())
}
