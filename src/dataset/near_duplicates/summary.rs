//! What `dataset.json` says of near-duplicates.

use serde::{Deserialize, Serialize};
use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::fingerprint;

/// What becomes of lesions that show the same skin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum NearDuplicatePolicy {
    /// Never in two parts or folds: they go where the first of train, val and test was drawn for one of them.
    #[default]
    Join,
    /// Only listed, in near_duplicates.csv and .html.
    List,
    /// Not looked for.
    Off,
}

/// What `dataset.json` says of near-duplicates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicates {
    /// `join` or `list`.
    pub treatment: NearDuplicatePolicy,
    /// Pairs of images of different lesions that show the same skin.
    pub pairs: usize,
    /// The ids of the lesions that are kept together, group by group; empty unless they are joined.
    pub joined: Vec<Vec<String>>,
    /// Lesions that joining brought into another part or fold than they were drawn for.
    pub moved: usize,
    /// The limits of the search.
    pub limits: Limits,
}

/// The limits of the search, as [`similarity`] has them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// [`fingerprint::BITS`].
    pub hash_bits: u32,
    /// [`fingerprint::DETAIL`].
    pub detail: f32,
    /// [`fingerprint::DIFFERENCE`].
    pub difference: f32,
    /// [`fingerprint::CERTAIN`].
    pub certain: f32,
}

impl Limits {
    /// Those of this program.
    pub const USED: Self = Self {
        hash_bits: fingerprint::BITS,
        detail: fingerprint::DETAIL,
        difference: fingerprint::DIFFERENCE,
        certain: fingerprint::CERTAIN,
    };
}
