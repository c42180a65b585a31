//! `--metadata`, `--images-by-class` and `--source`.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use skinlesion::dataset::tables::Table;

/// Where rows come from, with the source of those that name none.
pub struct Tables {
    /// The metadata files.
    pub tables: Vec<Table>,
    /// Instead of them: a folder with a folder of images for each class.
    pub by_class: Option<Table>,
}

#[derive(Args)]
struct Flags {
    /// The metadata, as CSV or TSV: HAM10000, the ISIC archive and challenges, PAD-UFES-20, or any table with a column
    /// of images and one of labels (docs/datasets.md lists the names). Repeatable, to prepare several sources together:
    /// all tables share all --images, an image id may be in one table only, and a lesion id in two tables is one
    /// lesion. A table without labels completes the others. Splits and folds of several tables are stratified by
    /// source, too
    #[arg(long, value_name = "FILE", required_unless_present = "images_by_class")]
    metadata: Vec<PathBuf>,

    /// Instead of --metadata and --images: a folder with one folder of images for each class, whose names are the
    /// labels. They may lie below train, val and test, and then the splits stay as they are; near-duplicates between
    /// them are listed
    #[arg(long, value_name = "DIR", conflicts_with_all = ["metadata", "images", "group_by"])]
    images_by_class: Option<PathBuf>,

    /// The source of the rows of a table that name none in a column `dataset`, `source` or `attribution`; a value there
    /// wins. Give one NAME for each --metadata, in the same order, or one for --images-by-class. A NAME for a table
    /// whose rows all name another source is not used, with a warning; '' stands for none
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
}

/// Checked while flags are parsed, so that a wrong number of names is an error of usage.
impl FromArgMatches for Tables {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Flags {
            metadata,
            images_by_class,
            source,
        } = Flags::from_arg_matches(matches)?;
        let (flag, files) = match images_by_class {
            Some(_) => ("--images-by-class", 1),
            None => ("--metadata", metadata.len()),
        };
        if !source.is_empty() && source.len() != files {
            let names = times(source.len());
            let files = times(files);
            return Err(clap::Error::raw(
                ErrorKind::WrongNumberOfValues,
                format!(
                    "--source is given {names}, but {flag} {files}: name the source of each, or of none\n"
                ),
            ));
        }
        let names = source.into_iter().map(Some).chain(std::iter::repeat(None));
        let table = |(file, name): (PathBuf, Option<String>)| Table {
            file,
            source: name.unwrap_or_default().trim().to_owned(),
        };
        let mut tables = (metadata.into_iter().chain(images_by_class.clone()))
            .zip(names)
            .map(table)
            .collect::<Vec<_>>();
        Ok(Self {
            by_class: images_by_class.and_then(|_| tables.pop()),
            tables,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A number of times, in words.
fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        _ => format!("{count} times"),
    }
}

impl Args for Tables {
    fn augment_args(command: Command) -> Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args_for_update(command)
    }
}
