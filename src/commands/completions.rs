//! `skinlesion completions`.

use clap_complete::Shell;

use crate::terminal::{Outcome, Summary, print_out};

#[derive(clap::Args)]
#[command(
    after_help = "For bash: skinlesion completions bash > ~/.local/share/bash-completion/completions/skinlesion"
)]
pub struct Args {
    /// The shell to print the script for
    #[arg(value_enum)]
    shell: Shell,
}

/// `program` is the whole command line of the program.
pub fn run(args: &Args, mut program: clap::Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "skinlesion", &mut script);
    print_out(&String::from_utf8_lossy(&script));
    Ok(Summary::default())
}
