//! The choice of the class list by the labels of tables.

use std::collections::BTreeSet;

use super::label_rules::LabelRules;
use crate::classes::{self, BUILT_IN, ham10000, uncovered};
use crate::{Class, ClassList, Error, Result};

/// The list that has all labels of a column of every table; `columns` are the labels by table and column.
///
/// # Errors
/// No built-in list has them, or two fit equally.
pub(super) fn choose(
    columns: &[Vec<BTreeSet<String>>],
    rules: &LabelRules,
    place: &str,
) -> Result<ClassList> {
    let codes_are_known = |list: ClassList| rules.map.values().all(|c| list.by_label(c).is_some());
    let covers = |list: ClassList| {
        let lacks_none = |labels: &BTreeSet<String>| {
            uncovered(list, labels).is_empty() && (list == ham10000() || keeps_apart(list, labels))
        };
        codes_are_known(list)
            && (columns.iter())
                .filter(|table| !table.is_empty())
                .all(|table| table.iter().any(lacks_none))
    };
    let fitting = classes::choose(covers)
        .map_err(|problem| Error::input(place, problem, "Name one of them with --classes."))?;
    if let Some(list) = fitting {
        return Ok(list);
    }
    // A few wrong labels among known ones are errors of their rows, of the list that knows the most.
    let known = |list: &ClassList| -> usize {
        let of_table = |table: &Vec<BTreeSet<String>>| {
            let of_column =
                |labels: &BTreeSet<String>| labels.len() - uncovered(*list, labels).len();
            table.iter().map(of_column).max().unwrap_or(0)
        };
        columns.iter().map(of_table).sum()
    };
    let best = (BUILT_IN.iter().copied().rev())
        .max_by_key(known)
        .unwrap_or_else(ham10000);
    if known(&best) > 0 && 2 * known(&best) >= columns.iter().map(|table| fewest(table)).sum() {
        return Ok(best);
    }
    let found: BTreeSet<&str> = (columns.iter().filter_map(|table| table.first()))
        .flatten()
        .map(String::as_str)
        .collect();
    Err(Error::input(
        place,
        format!("no built-in class list has the labels {}", listed(&found)),
        "Write a list with `skinlesion classes --from TABLE > classes.toml`, edit it, and pass it with --classes.",
    ))
}

/// Whether no two labels are of one class: the list of melanoma and the rest has nearly all labels, but is not meant.
fn keeps_apart(list: ClassList, labels: &BTreeSet<String>) -> bool {
    let classes: BTreeSet<Class> = labels
        .iter()
        .filter_map(|label| list.by_label(label))
        .collect();
    let spellings: BTreeSet<String> = labels.iter().map(|label| label.to_lowercase()).collect();
    classes.len() == spellings.len()
}

fn fewest(table: &[BTreeSet<String>]) -> usize {
    table.iter().map(BTreeSet::len).min().unwrap_or(0)
}

/// The number of labels that a message lists.
const SHOWN: usize = 12;

pub(super) fn listed(labels: &BTreeSet<&str>) -> String {
    let shown: Vec<String> = labels
        .iter()
        .take(SHOWN)
        .map(|l| format!("'{l}'"))
        .collect();
    match labels.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
