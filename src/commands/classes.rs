//! `skinlesion classes`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use serde_json::json;
use skinlesion::classes::{BUILT_IN, ClassEntry, to_toml};
use skinlesion::dataset::{class_folders, metadata};
use skinlesion::{ClassList, Error};

use super::prepare::class_list;
use crate::terminal::{Outcome, Session, Summary, print_out};

#[derive(clap::Args)]
#[command(
    after_help = "The output is a file for `skinlesion prepare --classes`. For the labels of a table of yours: \
    skinlesion classes --from table.csv > classes.toml"
)]
pub struct Args {
    /// The list to print: ham10000, isic2019, isic2017, melanoma, pad-ufes-20, or a TOML file, which is checked.
    /// Without it, the names and codes of the built-in lists are printed
    #[arg(value_name = "NAME|FILE", value_parser = NonEmptyStringValueParser::new())]
    list: Option<String>,

    /// Write a list with one class for each label of a metadata table, or for each class folder, to edit: names, which
    /// classes are malignant, and which must not be missed
    #[arg(long, value_name = "TABLE|DIR", conflicts_with = "list")]
    from: Option<PathBuf>,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let list = match (&args.list, &args.from) {
        (Some(list), _) => Some(class_list(list)?),
        (None, Some(table)) => Some(of_table(table)?),
        (None, None) => None,
    };
    let text = match list {
        Some(list) => to_toml(list),
        None => BUILT_IN.iter().map(line).collect(),
    };
    if !session.global.json {
        print_out(&text); // also with --quiet: it is all that this verb does
    }
    Ok(Summary {
        json: match list {
            Some(list) => json!({ "name": list.name(), "classes": list }),
            None => (BUILT_IN.iter())
                .map(|list| (list.name().to_owned(), json!(list)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        },
        ..Summary::default()
    })
}

fn line(list: &ClassList) -> String {
    format!("{:12} {}\n", list.name(), list.codes())
}

/// A list with a class for each label of a table, in alphabetical order, none of them malignant.
fn of_table(table: &Path) -> skinlesion::Result<ClassList> {
    let read = match table.is_dir() {
        true => class_folders::read(table, "")?.metadata,
        false => metadata::read(table)?,
    };
    let mut labels: BTreeSet<&str> = BTreeSet::new();
    for row in &read.rows {
        labels.extend(row.fields.labels.first().map(|label| label.trim()));
    }
    labels.remove("");
    let class = |label: &str| {
        let code = code(label);
        ClassEntry {
            aliases: match code == label.to_lowercase() {
                true => Vec::new(),
                false => vec![label.to_owned()],
            },
            code,
            name: label.to_owned(),
            description: String::new(),
            malignant: false,
            watch: false,
        }
    };
    ClassList::new("", labels.into_iter().map(class).collect()).map_err(|problem| {
        Error::file(
            table,
            problem,
            "Write the list by hand: `skinlesion classes ham10000` prints one.",
        )
    })
}

/// A code made of a label: lower case, other characters as `_`.
fn code(label: &str) -> String {
    let plain = |c: char| match c.is_ascii_alphanumeric() || c == '-' {
        true => c.to_ascii_lowercase(),
        false => '_',
    };
    let code: String = label.chars().map(plain).take(32).collect();
    code.trim_matches(['_', '-']).to_owned()
}
