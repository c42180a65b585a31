//! The options of [`super::prepare`].

use crate::dataset::group_by::GroupBy;
use crate::dataset::label_rules::LabelRules;
use crate::dataset::near_duplicates::summary::NearDuplicatePolicy;
use crate::dataset::plan::Rules;
use crate::imaging::resize::ResizeRule;

/// How a dataset is built.
#[derive(Clone, Debug)]
pub struct PrepareOptions {
    /// What is kept whole; `None` for the widest that the tables allow. It replaces [`Rules::group_by`].
    pub group_by: Option<GroupBy>,
    /// How labels become classes.
    pub labels: LabelRules,
    /// Deduplication and split.
    pub rules: Rules,
    /// How every image is resized.
    pub resize: ResizeRule,
    /// Whether images that are not on disk are left out; otherwise they are an error.
    pub allow_missing: bool,
    /// Whether files that do not decode are left out; otherwise they are an error.
    pub skip_bad: bool,
    /// How near-duplicates are treated.
    pub near_duplicates: NearDuplicatePolicy,
}
