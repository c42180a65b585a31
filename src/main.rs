//! Parse → run → report; nothing else.

mod cli;
mod commands;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let session = terminal::Session::new(&cli.global);
    let outcome = terminal::caught(|| cli.verb.run(&session));
    session.report(outcome)
}
