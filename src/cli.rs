//! The command line: its verbs. The flags of each verb are in its file under `commands/`.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use skinlesion::progress::Progress;

use crate::commands::{self, unknown_flag};
use crate::terminal::{Global, Outcome, Session, Summary, color_choice};

/// Trains MobileNetV2 on dermatoscopic images and exports it for phones.
///
/// The usual order is prepare → train --phase transfer → train --phase finetune → calibrate → eval → export → predict.
/// `skinlesion demo` runs these steps, without calibrate, on drawn images. Research software, not a medical device.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,

    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Make a dataset folder from metadata and images: remove duplicates, split without leakage, pack the pixels
    Prepare(commands::prepare::Args),
    /// Print a list of classes, or make one from a table, for prepare --classes
    Classes(commands::classes::Args),
    /// Check files against their digests, and a dataset for leaks: no lesion in two splits, none that a network has
    /// seen
    Check(commands::check::Args),
    /// Train a network on a dataset folder
    Train(commands::train::Args),
    /// Evaluate a network on a split: metrics with intervals, report.html, predictions
    Eval(commands::eval::Args),
    /// Compare two evaluations of the same images: differences with intervals, McNemar's test
    Compare(commands::compare::Args),
    /// Fit a checkpoint's temperature, decision rule and novelty score on the validation split
    Calibrate(commands::calibrate::Args),
    /// Average the weights of several runs into one network (model soup)
    Average(commands::average::Args),
    /// Export a checkpoint to ONNX, TFLite, TorchScript and the phone page; each file is checked against it
    Export(commands::export::Args),
    /// Predict the diagnoses of photographs
    Predict(commands::predict::Args),
    /// Describe a checkpoint, an export folder or an exported file
    Info(commands::info::Args),
    /// Time the files of an export, or a checkpoint, on this machine
    Benchmark(commands::benchmark::Args),
    /// Serve the page that runs an exported network in a phone's browser
    Serve(commands::serve::Args),
    /// Draw a synthetic dataset, then prepare, train, evaluate, export and predict on it
    Demo(commands::demo::Args),
    /// Check this machine's setup, with a remedy for each problem
    Doctor(commands::doctor::Args),
    /// Print every setting of training with its comment, as a file for --config
    Config(commands::config::Args),
    /// Print a completion script for a shell
    Completions(commands::completions::Args),
    /// Write the manual pages
    Man(commands::man::Args),
}

impl Cli {
    /// Parses the words of the command line.
    ///
    /// # Errors
    /// A request for help, and wrong usage.
    pub fn from_command_line() -> Result<Self, clap::Error> {
        let words: Vec<String> = std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let command = with_negative_numbers(Self::command()).color(color_choice(&words));
        let matches = command.try_get_matches();
        matches
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| unknown_flag::explain(error, &words))
    }
}

/// Takes -1 after a flag for its value, so that the error names the flag.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| match argument.get_long() {
            Some(_) if argument.get_action().takes_values() => {
                argument.allow_negative_numbers(true)
            }
            _ => argument,
        })
        .mut_subcommands(with_negative_numbers)
}

impl Verb {
    pub fn run(&self, session: &Session) -> Outcome {
        match self {
            Self::Prepare(args) => commands::prepare::run(args, session),
            Self::Classes(args) => commands::classes::run(args, session),
            Self::Check(args) => commands::check::run(args, session),
            Self::Train(args) => commands::train::run(args, session),
            Self::Eval(args) => commands::eval::run(args, session),
            Self::Compare(args) => commands::compare::run(args, session),
            Self::Calibrate(args) => commands::calibrate::run(args, session),
            Self::Average(args) => commands::average::run(args, session),
            Self::Export(args) => commands::export::run(args, session),
            Self::Predict(args) => commands::predict::run(args, session),
            Self::Info(args) => commands::info::run(args, session),
            Self::Benchmark(args) => commands::benchmark::run(args, session),
            Self::Serve(args) => commands::serve::run(args, session),
            Self::Demo(args) => commands::demo::run(args, session, &run_step),
            Self::Doctor(args) => commands::doctor::run(args, session),
            Self::Config(args) => commands::config::run(args, session),
            Self::Completions(args) => commands::completions::run(args, Cli::command()),
            Self::Man(args) => commands::man::run(args, Cli::command()),
        }
    }
}

/// Parses and runs a command line within a verb that runs others, and prints its summary.
fn run_step(words: &[String], session: &Session) -> anyhow::Result<Summary> {
    let cli = Cli::try_parse_from(words)?;
    let step = session.for_step(&cli.global);
    let mut summary = cli.verb.run(&step)?;
    summary.next = None; // the next step follows by itself
    step.finish();
    step.print_summary(&summary);
    Ok(summary)
}
