//! How a dataset is made.

use crate::dataset::near_duplicates::summary::NearDuplicatePolicy;
use crate::dataset::plan::Rules;
use crate::imaging::resize::ResizeRule;

/// How a dataset is made.
#[derive(Clone, Debug)]
pub struct PrepareOptions {
    /// Duplicates and split.
    pub rules: Rules,
    /// What every image is brought to.
    pub resize: ResizeRule,
    /// Leave out images that are not on disk instead of refusing.
    pub allow_missing: bool,
    /// Leave out files that do not decode instead of refusing.
    pub skip_bad: bool,
    /// What becomes of lesions that show the same skin.
    pub near_duplicates: NearDuplicatePolicy,
}
