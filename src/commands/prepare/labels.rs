//! The flags about classes and labels.

use std::path::Path;

use skinlesion::classes;
use skinlesion::dataset::label_rules::LabelRules;
use skinlesion::{ClassList, Error};

#[derive(clap::Args)]
pub struct LabelArgs {
    /// The class list: ham10000, isic2019, isic2017, melanoma, pad-ufes-20, or a TOML file (see `skinlesion classes`).
    /// Pass it for other classes than those of HAM10000
    /// [default: ham10000 if it has all labels of the tables, else the smallest built-in list that has them]
    #[arg(long, value_name = "NAME|FILE")]
    classes: Option<String>,

    /// The class of a label that the list does not know, such as "lentigo NOS=bkl"; may be repeated
    #[arg(long, value_name = "LABEL=CODE", value_parser = mapping)]
    map: Vec<(String, String)>,

    /// A label of the tables whose rows are left out and counted; may be repeated. `skinlesion classes --from TABLE`
    /// lists the labels
    #[arg(long, value_name = "LABEL")]
    drop: Vec<String>,
}

impl LabelArgs {
    /// The rules that the flags stand for.
    ///
    /// # Errors
    /// An unknown class list, a class file that cannot be read, and a label that is mapped twice.
    pub fn rules(&self) -> skinlesion::Result<LabelRules> {
        let mut rules = LabelRules {
            classes: self.classes.as_deref().map(class_list).transpose()?,
            drop: self.drop.iter().cloned().collect(),
            ..LabelRules::default()
        };
        for (label, code) in &self.map {
            if rules.map.insert(label.clone(), code.clone()).is_some() {
                return Err(Error::input(
                    format!("--map {label}={code}"),
                    "the label is mapped twice",
                    "Name one class for each label.",
                ));
            }
        }
        Ok(rules)
    }
}

fn mapping(text: &str) -> Result<(String, String), String> {
    let (label, code) = text
        .rsplit_once('=')
        .ok_or("not LABEL=CODE, such as nevus=nv")?;
    Ok((label.trim().to_owned(), code.trim().to_owned()))
}

/// A built-in list by name, or one from a file.
pub fn class_list(text: &str) -> skinlesion::Result<ClassList> {
    if let Some(list) = classes::by_name(text) {
        return Ok(list);
    }
    let path = Path::new(text);
    if !path.exists() {
        let names: Vec<&str> = classes::BUILT_IN.iter().map(|list| list.name()).collect();
        return Err(Error::input(
            format!("--classes {text}"),
            "neither a built-in class list nor a file",
            format!("The built-in lists are {}.", names.join(", ")),
        ));
    }
    classes::read(path)
}
