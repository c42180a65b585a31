//! The flags that every verb takes.

use clap::Args;

/// Flags that every verb takes.
#[derive(Args, Clone)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Seed of everything random; the same seed gives the same result [default: 1234, or the configuration's]
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,

    /// Where the network runs: auto (CUDA if there is any), cpu, cuda, cuda:N or mps
    #[arg(long, global = true, value_name = "DEVICE", default_value = "auto")]
    pub device: String,

    /// Threads of the CPU to use; 0 means all cores
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub threads: usize,

    /// Print errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// Say more about what is done
    #[arg(long, short, global = true)]
    pub verbose: bool,

    /// Print the summary as one JSON object on standard output, and all else on standard error
    #[arg(long, global = true)]
    pub json: bool,
}
