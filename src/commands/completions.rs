//! `skinlesion completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Outcome, Summary};
use crate::cli::Cli;
use crate::terminal::{Session, print_out};

#[derive(clap::Args)]
#[command(
    after_help = "For bash: skinlesion completions bash > ~/.local/share/bash-completion/completions/skinlesion"
)]
pub struct Args {
    /// The shell that will read the script from standard output
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: &Args, _session: &Session) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "skinlesion", &mut script);
    print_out(&String::from_utf8_lossy(&script));
    Ok(Summary::default())
}
