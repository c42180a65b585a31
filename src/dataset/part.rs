//! The images that something was fitted or scored on.

use serde::{Deserialize, Serialize};

use super::Split;

/// A split, or the validation images of all folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The training split.
    Train,
    /// The validation split.
    Val,
    /// The test split.
    Test,
    /// The validation images of several folds, each predicted by the network that was not trained on it.
    OutOfFold,
}

impl Part {
    /// The kind of images, in the plural.
    pub fn images(self) -> &'static str {
        match self {
            Self::Train => "training images",
            Self::Val => "validation images",
            Self::Test => "test images",
            Self::OutOfFold => "out-of-fold images",
        }
    }
}

impl From<Split> for Part {
    fn from(split: Split) -> Self {
        match split {
            Split::Train => Self::Train,
            Split::Val => Self::Val,
            Split::Test => Self::Test,
        }
    }
}
