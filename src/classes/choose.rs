//! The list for the labels of a table.

use std::collections::BTreeSet;

use super::built_in::{BUILT_IN, ham10000};
use super::list::ClassList;

/// The list that `covers` some labels: `ham10000` if it does, else the smallest built-in list that does. `None` if none
/// does.
///
/// # Errors
/// Two lists of one size do; both are named.
pub fn choose(covers: impl Fn(ClassList) -> bool) -> Result<Option<ClassList>, String> {
    if covers(ham10000()) {
        return Ok(Some(ham10000()));
    }
    let mut fitting: Vec<ClassList> = BUILT_IN.iter().copied().filter(|&l| covers(l)).collect();
    fitting.sort_by_key(|list| list.len());
    match fitting[..] {
        [one, other, ..] if one.len() == other.len() => Err(format!(
            "the class lists {} and {} both have its labels",
            one.name(),
            other.name()
        )),
        [one, ..] => Ok(Some(one)),
        [] => Ok(None),
    }
}

/// The labels that a list does not have.
pub fn uncovered(list: ClassList, labels: &BTreeSet<String>) -> Vec<&str> {
    (labels.iter().map(String::as_str))
        .filter(|label| list.by_label(label).is_none())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(labels: &[&str]) -> Option<&'static str> {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        let covers = |list| uncovered(list, &labels).is_empty();
        choose(covers).unwrap().map(ClassList::name)
    }

    #[test]
    fn ham10000_comes_first_then_the_smallest_list_that_has_the_labels() {
        assert_eq!(chosen(&["mel", "nv", "bkl"]), Some("ham10000"));
        assert_eq!(chosen(&["AK", "MEL", "NV"]), Some("ham10000"));
        assert_eq!(chosen(&["benign", "malignant"]), Some("melanoma"));
        assert_eq!(chosen(&["mole", "wart"]), None);
    }
}
