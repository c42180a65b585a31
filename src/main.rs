//! Parse → run → report; nothing else.

mod cli;
mod commands;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::from_command_line();
    let session = terminal::Session::new(&cli.global);
    let outcome = terminal::caught(|| cli.verb.run(&session));
    session.report(outcome)
}
