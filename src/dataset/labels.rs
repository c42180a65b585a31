//! From the labels of tables to the class of each row.

use std::collections::{BTreeMap, BTreeSet};

use super::class_choice::{choose, listed};
use super::findings::{Findings, counted};
use super::label_rules::LabelRules;
use super::metadata::{Metadata, NONE, Row};
use crate::classes::uncovered;
use crate::{Class, ClassList, Error, Result};

/// The classes of the rows of some tables.
#[derive(Debug)]
pub struct Labelled {
    /// The class list.
    pub classes: ClassList,
    /// The class of each row of each table; `None` if the row is left out. Tables that complete others have none.
    pub rows: Vec<Vec<Option<Class>>>,
    /// The number of rows that are left out, by label.
    pub dropped: BTreeMap<String, usize>,
}

/// A table with its name for messages.
pub type Named<'a> = (String, &'a Metadata);

/// Chooses the class list if the rules name none, and gives each row its class.
///
/// # Errors
/// No class list has all labels, or two fit equally; labels that the list lacks, with their rows; `--map` and `--drop`
/// of labels or codes that do not occur.
pub fn label(tables: &[Named], rules: &LabelRules) -> Result<Labelled> {
    let place = names(tables);
    let rules = rules.lowercase();
    let columns: Vec<Vec<BTreeSet<String>>> = (tables.iter())
        .map(|(_, table)| labels(table, &rules))
        .collect();
    let classes = match rules.classes {
        Some(list) => list,
        None => choose(&columns, &rules, &place)?,
    };
    refuse_unused(tables, &rules, classes, &place)?;
    let mut labelled = Labelled {
        classes,
        rows: Vec::new(),
        dropped: BTreeMap::new(),
    };
    let mut problems = Findings::default();
    for ((name, table), columns) in tables.iter().zip(&columns) {
        let column = best_column(classes, columns);
        let mut rows = Vec::with_capacity(table.rows.len());
        for row in &table.rows {
            let Some(label) = row.fields.labels.get(column) else {
                rows.push(None);
                continue;
            };
            if rules.drops(label) {
                *labelled.dropped.entry(label.clone()).or_default() += 1;
                rows.push(None);
                continue;
            }
            let class = rules.class(classes, label);
            if class.is_none() {
                problems.add(format!(
                    "{}: {}",
                    place_of(tables, name, row),
                    unknown(label)
                ));
            }
            rows.push(class);
        }
        labelled.rows.push(rows);
    }
    problems.refuse(
        &place,
        |count| format!("{} cannot be used", counted(count, "row")),
        &remedy(classes),
    )?;
    Ok(labelled)
}

/// Where a row is: `line 3`, or with the table's name if there are several.
pub fn place_of(tables: &[Named], name: &str, row: &Row) -> String {
    match tables.len() {
        _ if row.line == 0 => row.fields.image_id.clone(), // of a class folder
        1 => format!("line {}", row.line),
        _ => format!("{name} line {}", row.line),
    }
}

/// The names of tables, for messages.
pub fn names(tables: &[Named]) -> String {
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}

fn unknown(label: &str) -> String {
    match label {
        NONE => format!("no column is 1 (--map {NONE}=CODE gives such rows a class)"),
        "" => "no label (--drop '' leaves such rows out)".to_owned(),
        _ => format!("unknown dx '{label}'"),
    }
}

fn remedy(classes: ClassList) -> String {
    format!(
        "Correct or remove these rows, or pass --map LABEL=CODE or --drop LABEL. The classes are {}; --classes names another list.",
        classes.codes()
    )
}

/// The labels in each column of a table that are neither mapped nor left out.
fn labels(table: &Metadata, rules: &LabelRules) -> Vec<BTreeSet<String>> {
    let columns = table.rows.first().map_or(0, |row| row.fields.labels.len());
    let of_column = |column: usize| {
        let labels = table
            .rows
            .iter()
            .map(|row| row.fields.labels[column].trim());
        (labels.filter(|label| !rules.drops(label) && !rules.maps(label)))
            .map(str::to_owned)
            .collect()
    };
    (0..columns).map(of_column).collect()
}

/// The first column of labels of which the list lacks the fewest.
fn best_column(classes: ClassList, columns: &[BTreeSet<String>]) -> usize {
    let lacks = |column: &usize| uncovered(classes, &columns[*column]).len();
    (0..columns.len()).min_by_key(lacks).unwrap_or(0)
}

/// Refuses `--map` to codes that the list lacks, and `--map` and `--drop` of labels that no row has: they are misspelt.
fn refuse_unused(
    tables: &[Named],
    rules: &LabelRules,
    classes: ClassList,
    place: &str,
) -> Result<()> {
    if let Some((label, code)) =
        (rules.map.iter()).find(|(_, code)| classes.by_label(code).is_none())
    {
        return Err(Error::input(
            format!("--map {label}={code}"),
            format!("'{code}' is not one of {}", classes.codes()),
            "Name a class of the list, or another list with --classes.",
        ));
    }
    if let Some(label) = rules.map.keys().find(|label| rules.drop.contains(*label)) {
        return Err(Error::input(
            format!("--drop {label}"),
            "--map gives this label a class",
            "Pass one of the two.",
        ));
    }
    let found: BTreeSet<String> = (tables.iter())
        .flat_map(|(_, table)| &table.rows)
        .flat_map(|row| &row.fields.labels)
        .map(|label| label.trim().to_lowercase())
        .collect();
    let unused = |label: &&String| !found.contains(*label);
    let flag = match (
        rules.map.keys().find(unused),
        rules.drop.iter().find(unused),
    ) {
        (Some(label), _) => format!("--map {label}=…"),
        (None, Some(label)) => format!("--drop {label}"),
        (None, None) => return Ok(()),
    };
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    Err(Error::input(
        flag,
        format!("no row of {place} has this label"),
        format!("The labels are {}.", listed(&found)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes;
    use crate::dataset::metadata;

    /// Labels a table with this text, and returns the list's name with the code of each row, or the error.
    fn labelled(text: &str, rules: &LabelRules) -> Result<(String, Vec<String>)> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        let table = metadata::read(&path).unwrap();
        let found = label(&[("table.csv".to_owned(), &table)], rules)?;
        let code = |class: &Option<Class>| class.map_or("-".to_owned(), |class| class.to_string());
        let codes = found.rows[0].iter().map(code).collect();
        Ok((found.classes.name().to_owned(), codes))
    }

    fn rules(classes: Option<&str>, map: &[(&str, &str)], drop: &[&str]) -> LabelRules {
        LabelRules {
            classes: classes.and_then(classes::by_name),
            map: (map.iter())
                .map(|&(label, code)| (label.to_owned(), code.to_owned()))
                .collect(),
            drop: drop.iter().map(|&label| label.to_owned()).collect(),
        }
    }

    #[test]
    fn the_list_is_chosen_by_the_labels_and_the_rows_get_its_classes() {
        for (text, name, codes) in [
            ("image_id,dx\na,nv\nb,MEL\n", "ham10000", ["nv", "mel"]),
            (
                "isic_id,diagnosis\na,nevus\nb,Melanoma\n",
                "ham10000",
                ["nv", "mel"],
            ),
            (
                "image,NV,VASC,SCC\na,0,1,0\nb,0.0,0.0,1.0\n",
                "isic2019",
                ["vasc", "scc"],
            ),
            (
                "img_id,diagnostic\na,SCC\nb,SEK\n",
                "pad-ufes-20",
                ["scc", "sek"],
            ),
            (
                "image_name,diagnosis,benign_malignant\na,unknown,benign\nb,melanoma,malignant\n",
                "melanoma",
                ["other", "mel"],
            ),
        ] {
            let found = labelled(text, &LabelRules::default()).unwrap();
            assert_eq!(
                found,
                (name.to_owned(), codes.map(str::to_owned).into()),
                "{text}"
            );
        }
    }

    #[test]
    fn labels_are_mapped_or_left_out_and_rows_without_a_one_are_called_none() {
        let text = "image,label\na,wart\nb,Blurred\nc,nv\n";
        let given = rules(None, &[("WART", "bkl")], &["blurred"]);
        assert_eq!(labelled(text, &given).unwrap().1, ["bkl", "-", "nv"]);
        let text = "image_id,melanoma,seborrheic_keratosis,UNK\na,0,0,0\nb,1,0,0\nc,0,0,1\n";
        let given = rules(Some("isic2017"), &[("none", "nv")], &[]);
        assert_eq!(labelled(text, &given).unwrap().1, ["nv", "mel", "-"]);
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_what_helps() {
        let text = "image,label\na,mel\nb,nv\nc,bcc\nd,mole\n";
        for (text, given, expected) in [
            (
                text,
                rules(None, &[], &[]),
                ["line 5: unknown dx 'mole'", "--map LABEL=CODE"],
            ),
            (
                "image,label\na,wart\nb,mole\n",
                rules(None, &[], &[]),
                [
                    "no built-in class list has the labels 'mole', 'wart'",
                    "skinlesion classes --from",
                ],
            ),
            (
                text,
                rules(Some("melanoma"), &[("mole", "zz")], &[]),
                ["--map mole=zz: 'zz' is not one of mel, other", "--classes"],
            ),
            (
                text,
                rules(None, &[("moel", "nv")], &[]),
                ["--map moel", "'mole'"],
            ),
            (text, rules(None, &[], &["moel"]), ["--drop moel", "'mole'"]),
            (
                "image,label\na,mel\nb,nv\nc,\n",
                rules(None, &[], &[]),
                ["line 4: no label", "--drop ''"],
            ),
            (
                "image,MEL,NV,BCC\na,1,0,0\nb,0,1,0\nc,0,0,1\nd,0,0,0\n",
                rules(None, &[], &[]),
                ["line 5: no column is 1", "--map none=CODE"],
            ),
        ] {
            let error = labelled(text, &given).unwrap_err().to_string();
            for expected in expected {
                assert!(error.contains(expected), "{expected}: {error}");
            }
        }
    }
}
