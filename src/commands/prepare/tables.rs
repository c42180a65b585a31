//! `--metadata` and `--source`.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use skinlesion::dataset::tables::Table;

/// The metadata files and their sources.
pub struct Tables(pub Vec<Table>);

#[derive(Args)]
struct Flags {
    /// The metadata, as CSV or TSV: HAM10000, the ISIC archive and challenges, PAD-UFES-20, or any table with a column of
    /// images and one of labels (docs/datasets.md lists the names). Repeatable, to prepare several sources together: all
    /// --images serve all tables, an image id may be in one table only, and a lesion id in two tables is one lesion. A
    /// table without labels completes the others. Splits and folds of several tables are stratified by source, too
    #[arg(long, value_name = "FILE", required_unless_present = "images_by_class")]
    metadata: Vec<PathBuf>,

    /// The source of the rows of a table that name none in a column `dataset`; a value in that column wins. Give one
    /// NAME for each --metadata, in the same order. A NAME for a table whose rows all name another source is not used,
    /// with a warning; '' stands for none
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
}

/// Checked while flags are parsed, so that a wrong number of names is an error of usage.
impl FromArgMatches for Tables {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Flags { metadata, source } = Flags::from_arg_matches(matches)?;
        if !source.is_empty() && source.len() != metadata.len() {
            let (names, files) = (source.len(), metadata.len());
            return Err(clap::Error::raw(
                ErrorKind::WrongNumberOfValues,
                format!(
                    "--source is given {names} times, but --metadata {files} times: name every file, or none\n"
                ),
            ));
        }
        let names = source.into_iter().map(Some).chain(std::iter::repeat(None));
        let table = |(file, name): (PathBuf, Option<String>)| Table {
            file,
            source: name.unwrap_or_default().trim().to_owned(),
        };
        Ok(Self(metadata.into_iter().zip(names).map(table).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
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
