//! Near-duplicates in `dataset.json`.

use serde::{Deserialize, Serialize};
use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::fingerprint;

/// How near-duplicates are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum NearDuplicatePolicy {
    /// Keep their lesions in one split or fold: the first of train, val and test drawn for any of them.
    #[default]
    Join,
    /// List them in near_duplicates.csv and .html; the split stays as drawn.
    List,
    /// Do not search for them.
    Off,
}

/// The near-duplicates of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicates {
    /// `join` or `list`.
    pub treatment: NearDuplicatePolicy,
    /// The number of pairs of images of different lesions that show the same skin.
    pub pairs: usize,
    /// The ids of the lesions that are kept together, group by group; empty unless they are joined.
    pub joined: Vec<Vec<String>>,
    /// The number of lesions that joining moved to another split or fold.
    pub moved: usize,
    /// The limits of the search.
    pub limits: Limits,
}

/// The limits of the search, as in [`fingerprint`].
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
    /// The limits of this version.
    pub const USED: Self = Self {
        hash_bits: fingerprint::BITS,
        detail: fingerprint::DETAIL,
        difference: fingerprint::DIFFERENCE,
        certain: fingerprint::CERTAIN,
    };
}
