//! The rules by which labels become classes.

use std::collections::{BTreeMap, BTreeSet};

use super::metadata::is_unk;
use crate::{Class, ClassList};

/// How labels become classes.
#[derive(Clone, Debug, Default)]
pub struct LabelRules {
    /// The class list; `None` chooses a built-in one by the labels.
    pub classes: Option<ClassList>,
    /// The codes of labels that the list does not know, by label.
    pub map: BTreeMap<String, String>,
    /// The labels whose rows are left out.
    pub drop: BTreeSet<String>,
}

impl LabelRules {
    /// The rules with labels in lower case, as they are compared.
    pub(super) fn lowercase(&self) -> Self {
        Self {
            classes: self.classes,
            map: (self.map.iter())
                .map(|(label, code)| (label.to_lowercase(), code.clone()))
                .collect(),
            drop: self.drop.iter().map(|label| label.to_lowercase()).collect(),
        }
    }

    /// Whether the rows of a label are left out.
    pub(super) fn drops(&self, label: &str) -> bool {
        self.drop.contains(&label.to_lowercase()) || (is_unk(label) && !self.maps(label))
    }

    pub(super) fn maps(&self, label: &str) -> bool {
        self.map.contains_key(&label.to_lowercase())
    }

    /// The class of a label.
    pub(super) fn class(&self, classes: ClassList, label: &str) -> Option<Class> {
        let label = label.trim();
        match self.map.get(&label.to_lowercase()) {
            Some(code) => classes.by_label(code),
            None => classes.by_label(label),
        }
    }
}
