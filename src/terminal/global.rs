//! Global flags, which all commands accept.

use clap::Args;

/// Global flags.
#[derive(Args, Clone)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Random seed; results are reproducible [default: 1234, or the configuration's]
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,

    /// Device of the network: auto (CUDA if available), cpu, cuda, cuda:N or mps
    #[arg(long, global = true, value_name = "DEVICE", default_value = "auto")]
    pub device: String,

    /// Number of CPU threads; 0 means all cores, and larger numbers are reduced to that
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub threads: usize,

    /// Print errors and warnings only
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// Print more details
    #[arg(long, short, global = true)]
    pub verbose: bool,

    /// Colours on standard error: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: clap::ColorChoice,

    /// Print the summary as one JSON object on standard output (predict: one line for each image), and everything else
    /// on standard error
    #[arg(long, global = true)]
    pub json: bool,
}
