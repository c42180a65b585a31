//! The summary that a command prints at its end.

use std::path::PathBuf;

use serde_json::Value;

/// The result of a command: a summary, or an error for the user.
pub type Outcome = anyhow::Result<Summary>;

/// The summary of a command.
#[derive(Default)]
pub struct Summary {
    /// Text on standard output.
    pub text: String,
    /// Files that were written, most important first.
    pub files: Vec<PathBuf>,
    /// The most likely next command.
    pub next: Option<String>,
    /// The summary for scripts, printed instead of the text with --json. `null` if the command printed its own.
    pub json: Value,
    /// Whether some of the work failed, so that the exit code is 1.
    pub failed: bool,
}
