//! `skinlesion man`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;
use serde_json::json;
use skinlesion::{Error, files, reading};

use super::existing::refuse_existing;
use crate::terminal::{Outcome, Summary, shell};

#[derive(clap::Args)]
#[command(
    after_help = "To read them: skinlesion man --out ~/.local/share/man/man1, then man skinlesion-train"
)]
pub struct Args {
    /// The folder for the pages, skinlesion.1 and one for each command; created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace existing pages
    #[arg(long)]
    force: bool,
}

/// `program` is the whole command line of the program.
pub fn run(args: &Args, program: Command) -> Outcome {
    let pages = pages(program)?;
    let paths: Vec<PathBuf> = pages.iter().map(|(name, _)| args.out.join(name)).collect();
    let outputs: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let kind = "a manual page of this program";
    refuse_existing(&outputs, args.force, is_page, kind, &[])?;
    fs::create_dir_all(&args.out).map_err(Error::io("create", &args.out))?;
    for (path, (_, page)) in paths.iter().zip(&pages) {
        files::write_atomically(path, page)?;
    }
    Ok(Summary {
        text: format!("{} manual pages", pages.len()),
        json: json!({ "pages": pages.len() }),
        next: Some(format!("man {}", shell::quoted_path(&paths[0]))),
        files: paths,
        ..Summary::default()
    })
}

/// File names and contents: the program's page, then the verbs'.
fn pages(program: Command) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut program = program.disable_help_subcommand(true);
    program.build(); // names the verbs' pages skinlesion-prepare and so on
    std::iter::once(&program)
        .chain(program.get_subcommands())
        .map(page)
        .collect()
}

/// Whether a file begins as the pages of this program do.
fn is_page(path: &Path) -> bool {
    let mut start = Vec::new();
    let file = reading::open(path).ok();
    let read = file.and_then(|file| file.take(512).read_to_end(&mut start).ok());
    let start = String::from_utf8_lossy(&start);
    read.is_some() && start.lines().any(|line| line.starts_with(".TH skinlesion"))
}

fn page(command: &Command) -> anyhow::Result<(String, Vec<u8>)> {
    let man = Man::new(command.clone())
        .manual("Skinlesion")
        .source(concat!("skinlesion ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    man.render(&mut text)
        .with_context(|| format!("cannot render the manual page of {}", command.get_name()))?;
    Ok((man.get_filename(), text))
}
