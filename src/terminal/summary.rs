//! What a verb tells at its end.

use std::path::PathBuf;

use serde_json::Value;

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
