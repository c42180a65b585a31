//! One file a verb: its flags and, in `run`, what it does from top to bottom.

pub mod average;
pub mod calibrate;
pub mod check;
pub mod compare;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod eval;
pub mod export;
pub mod man;
pub mod predict;
pub mod prepare;
pub mod serve;
pub mod train;

use std::path::{Path, PathBuf};

use serde_json::Value;
use skinlesion::Error;

/// How a verb ends: with a summary, or an error for the user.
pub type Outcome = anyhow::Result<Summary>;

/// What a verb tells at its end.
#[derive(Default)]
pub struct Summary {
    /// The text that a person reads, on standard output.
    pub text: String,
    /// The files written, most important first.
    pub files: Vec<PathBuf>,
    /// The command that a user would most likely run next.
    pub next: Option<String>,
    /// The same for a script: printed instead of the text with --json. `null` if the verb printed its own.
    pub json: Value,
    /// Whether the verb did its work only in part, so that the exit code must be 1.
    pub failed: bool,
}

/// Refuses to write over a file that exists, unless told to.
fn refuse_existing(out: &Path, force: bool) -> skinlesion::Result<()> {
    match out.exists() && !force {
        true => Err(Error::Exists(out.to_owned())),
        false => Ok(()),
    }
}
