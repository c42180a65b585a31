//! The session of a command: global flags, progress on standard error, the summary on standard output.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use skinlesion::model::device::{self, Device};
use skinlesion::progress::Progress;
use skinlesion::{DEFAULT_SEED, Error};

use super::color::{self, styled};
use super::escape::escaped;
use super::fold::folded;
use super::global::Global;
use super::output::{self, print_out};
use super::progress_lines::ProgressLines;
use super::summary::{Outcome, Summary};
use super::threads::capped;

/// The session of a command: its global flags and its output.
pub struct Session {
    pub global: Global,
    /// Whether results go to standard error, because standard output is reserved for a JSON object.
    results_on_stderr: bool,
    running: Mutex<Option<Task>>,
}

/// The current task, with its progress bar, or lines where there is no terminal.
struct Task {
    name: String,
    started: Instant,
    bar: ProgressBar,
    lines: Option<ProgressLines>,
}

impl Session {
    pub fn new(global: &Global) -> Self {
        color::choose(global.color);
        let (threads, warning) = capped(global.threads);
        device::configure(threads);
        let session = Self {
            global: global.clone(),
            results_on_stderr: false,
            running: Mutex::new(None),
        };
        if let Some(warning) = warning {
            session.warn(&warning);
        }
        session
    }

    /// A session for a step of a command that runs other commands. It is as quiet or verbose as this one. If this
    /// session prints a JSON object, the step does not use standard output.
    pub fn for_step(&self, global: &Global) -> Self {
        Self {
            global: Global {
                quiet: self.global.quiet,
                verbose: self.global.verbose,
                ..global.clone()
            },
            results_on_stderr: self.global.json,
            running: Mutex::new(None),
        }
    }

    /// The seed from the command line, or the default.
    pub fn seed(&self) -> u64 {
        self.global.seed.unwrap_or(DEFAULT_SEED)
    }

    /// The device from the command line. Fails if it is not available.
    pub fn device(&self) -> skinlesion::Result<Device> {
        device::parse(&self.global.device)
    }

    /// Prints a line on standard error, only with -v.
    pub fn verbose(&self, line: &str) {
        if self.global.verbose && !self.global.quiet {
            self.print("", line);
        }
    }

    /// Prints the outcome of a command, and returns its exit code.
    pub fn report(&self, outcome: Outcome) -> ExitCode {
        self.finish();
        if let Ok(summary) = &outcome {
            self.print_summary(summary);
        }
        let outcome = match output::failure() {
            Some(unwritten) => outcome.and(Err(unwritten)),
            None => outcome,
        };
        match outcome {
            Ok(summary) => ExitCode::from(u8::from(summary.failed)),
            Err(error) => {
                let label = styled("error:", "1;31");
                let text = format!("{label} {}", escaped(&message(&error)));
                let _ = writeln!(io::stderr(), "{}", folded(&text, &Term::stderr()));
                ExitCode::FAILURE
            }
        }
    }

    /// Prints the summary of a command.
    pub fn print_summary(&self, summary: &Summary) {
        if self.global.json {
            if let serde_json::Value::Object(object) = &summary.json {
                let mut object = object.clone();
                // `info` tells of files that it has read.
                object
                    .entry("files")
                    .or_insert_with(|| json!(summary.files));
                self.print_result(&format!("{}\n", serde_json::Value::Object(object)));
            }
            return;
        }
        if self.global.quiet {
            return;
        }
        let mut text = match self.results_on_stderr {
            true => summary.text.clone(), // folded where it is printed
            false => folded(&summary.text, &Term::stdout()),
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if !summary.files.is_empty() {
            text.push_str("\nWritten:\n");
            for file in &summary.files {
                text.push_str(&format!("  {}\n", file.display()));
            }
        }
        if let Some(next) = &summary.next {
            text.push_str(&format!("\nNext:\n  {next}\n"));
        }
        self.print_result(&text);
    }

    /// Prints a result on standard output.
    pub fn print_result(&self, text: &str) {
        if self.results_on_stderr {
            self.print("", text.trim_end_matches('\n'));
        } else {
            print_out(&escaped(text));
        }
    }

    fn with_task(&self, action: impl FnOnce(&mut Option<Task>)) {
        action(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Prints a line on standard error, after a label, above the progress bar.
    fn print(&self, label: &str, line: &str) {
        self.with_task(|task| {
            let space = if label.is_empty() { "" } else { " " };
            let write = || {
                let text = format!("{label}{space}{}", escaped(line));
                let _ = writeln!(io::stderr(), "{}", folded(&text, &Term::stderr()));
            };
            match task {
                Some(task) => task.bar.suspend(write),
                None => write(),
            }
        });
    }
}

impl Progress for Session {
    fn start(&self, task: &str, total: u64) {
        self.finish();
        let visible = !self.global.quiet && io::stderr().is_terminal();
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template = "{prefix} {wide_bar} {pos}/{len}  {per_sec}  {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─").with_key(
                "per_sec",
                |state: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
                    let _ = write!(out, "{:.1}/s", state.per_sec());
                },
            ));
        }
        bar.set_prefix(task.to_owned());
        if visible {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        self.with_task(|running| {
            *running = Some(Task {
                name: task.to_owned(),
                started: Instant::now(),
                bar,
                lines: (!visible && !self.global.quiet).then(|| ProgressLines::new(task, total)),
            });
        });
    }

    fn advance(&self, steps: u64) {
        let mut line = None;
        self.with_task(|running| {
            if let Some(task) = running {
                task.bar.inc(steps);
                let elapsed = task.started.elapsed();
                line = (task.lines.as_mut()).and_then(|lines| lines.advance(steps, elapsed));
            }
        });
        if let Some(line) = line {
            self.print("", &line);
        }
    }

    fn detail(&self, words: &str) {
        self.with_task(|running| {
            if let Some(task) = running {
                task.bar.set_message(words.to_owned());
            }
        });
    }

    fn finish(&self) {
        let mut line = None;
        self.with_task(|running| {
            if let Some(task) = running.take() {
                let (steps, seconds) = (task.bar.position(), task.started.elapsed().as_secs_f64());
                let rate = steps as f64 / seconds.max(1e-9);
                line = Some(format!(
                    "{}: {steps} in {seconds:.1} s ({rate:.1}/s)",
                    task.name
                ));
                task.bar.finish_and_clear();
            }
        });
        if let Some(line) = line {
            self.verbose(&line);
        }
    }

    fn say(&self, line: &str) {
        if !self.global.quiet {
            self.print("", line);
        }
    }

    fn warn(&self, line: &str) {
        self.print(&styled("warning:", "1;33"), line);
    }
}

/// The message of an error. The library's errors are complete; other errors are printed with their causes.
fn message(error: &anyhow::Error) -> String {
    if error.downcast_ref::<Error>().is_some() {
        format!("{error}")
    } else {
        format!("{error:#}")
    }
}
