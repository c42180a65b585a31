//! The steps of the demo: each is a command line, printed and then run as printed.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::bail;
use skinlesion::progress::Progress;

use crate::terminal::shell::quoted;
use crate::terminal::{Session, Summary};

/// Parses and runs a command line, and prints its summary.
pub type RunStep<'a> = &'a dyn Fn(&[String], &Session) -> anyhow::Result<Summary>;

/// Runs one step after the other.
pub struct Steps<'a> {
    session: &'a Session,
    run: RunStep<'a>,
    count: std::cell::Cell<usize>,
}

impl<'a> Steps<'a> {
    /// Before the first step.
    pub fn new(session: &'a Session, run: RunStep<'a>) -> Self {
        Self {
            session,
            run,
            count: 0.into(),
        }
    }

    /// Prints the step, runs the command, and prints its summary. A command that fails ends the demo.
    pub fn step(&self, title: &str, why: &str, command: Command) -> anyhow::Result<Summary> {
        let command = command.with_global_flags(self.session);
        self.count.set(self.count.get() + 1);
        self.print(&format!(
            "\n== {}. {title} ==\n{why}\n\n  $ {command}\n\n",
            self.count.get()
        ));
        let summary = (self.run)(&command.0, self.session)?;
        if summary.failed {
            bail!("the step '{title}' was not finished, so the demo ends here");
        }
        Ok(summary)
    }

    fn print(&self, text: &str) {
        if self.session.global.quiet {
            return;
        }
        if self.session.global.json {
            self.session.say(text.trim_end());
        } else {
            self.session.print_result(text);
        }
    }
}

/// A command line of this program.
pub struct Command(Vec<String>);

/// A command line that begins with these words.
pub fn command(words: &[&str]) -> Command {
    Command(vec!["skinlesion".into()]).words(words)
}

impl Command {
    /// Adds words.
    pub fn words(mut self, words: &[&str]) -> Self {
        self.0.extend(words.iter().map(|&word| word.to_owned()));
        self
    }

    /// Adds a path.
    pub fn path(self, path: &Path) -> Self {
        self.words(&[&path.to_string_lossy()])
    }

    /// Adds a flag with a path.
    pub fn path_of(self, flag: &str, path: &Path) -> Self {
        self.words(&[flag]).path(path)
    }

    /// Adds several paths.
    pub fn paths(self, paths: &[PathBuf]) -> Self {
        paths.iter().fold(self, |command, path| command.path(path))
    }

    /// Adds the flags given to the demo that change what a step does.
    fn with_global_flags(self, session: &Session) -> Self {
        let global = &session.global;
        let mut command = self;
        if let Some(seed) = global.seed {
            command = command.words(&["--seed", &seed.to_string()]);
        }
        if global.device != "auto" {
            command = command.words(&["--device", &global.device]);
        }
        if global.threads > 0 {
            command = command.words(&["--threads", &global.threads.to_string()]);
        }
        command
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))
    }
}
