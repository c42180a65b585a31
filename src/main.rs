//! Parse → run → report; nothing else.

mod cli;
mod commands;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::from_command_line() {
        Ok(cli) => cli,
        Err(told) => return terminal::tell(&told),
    };
    let session = terminal::Session::new(&cli.global);
    let outcome =
        terminal::signals::listen().and_then(|()| terminal::caught(|| cli.verb.run(&session)));
    terminal::signals::wait_if_ending();
    terminal::signals::exit_code(session.report(outcome))
}
