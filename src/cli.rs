//! What can be said on the command line. Each verb's own flags stand in its file under `commands/`.

use clap::{CommandFactory, Parser, Subcommand};

use skinlesion::progress::Progress;

use crate::commands;
use crate::terminal::{Global, Outcome, Session, Summary};

/// Trains a small network on dermatoscopic photographs and exports it for a phone.
///
/// The usual way is prepare → train --phase transfer → train --phase finetune → calibrate → eval → export → predict;
/// `skinlesion demo` walks it, without calibrate, on drawn images. Research software, not a medical device.
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
    /// Turn metadata and images into a dataset folder: duplicates removed, split without leakage, pixels packed
    Prepare(commands::prepare::Args),
    /// Prove a dataset folder: files as written, no lesion in two parts, nothing of a network's training in its test
    Check(commands::check::Args),
    /// Train a network on a dataset folder
    Train(commands::train::Args),
    /// Score a network on a part of a dataset: figures with intervals, report.html, predictions
    Eval(commands::eval::Args),
    /// Tell two evaluations of the same images apart: differences with intervals, and McNemar's test
    Compare(commands::compare::Args),
    /// Fit the temperature that makes a checkpoint's probabilities mean what they say, on validation
    Calibrate(commands::calibrate::Args),
    /// Average the weights of several runs into one network
    Average(commands::average::Args),
    /// Write a checkpoint as files that phones and other programs run, each checked against it
    Export(commands::export::Args),
    /// Name the likeliest diagnoses of photographs
    Predict(commands::predict::Args),
    /// Serve the page that runs an exported network in a phone's browser
    Serve(commands::serve::Args),
    /// Draw a synthetic dataset and walk the whole way on it
    Demo(commands::demo::Args),
    /// Say what this machine has and what it lacks, with the remedy for each lack
    Doctor(commands::doctor::Args),
    /// Print a completion script for a shell
    Completions(commands::completions::Args),
    /// Write the manual pages
    Man(commands::man::Args),
}

impl Verb {
    pub fn run(&self, session: &Session) -> Outcome {
        match self {
            Self::Prepare(args) => commands::prepare::run(args, session),
            Self::Check(args) => commands::check::run(args, session),
            Self::Train(args) => commands::train::run(args, session),
            Self::Eval(args) => commands::eval::run(args, session),
            Self::Compare(args) => commands::compare::run(args, session),
            Self::Calibrate(args) => commands::calibrate::run(args, session),
            Self::Average(args) => commands::average::run(args, session),
            Self::Export(args) => commands::export::run(args, session),
            Self::Predict(args) => commands::predict::run(args, session),
            Self::Serve(args) => commands::serve::run(args, session),
            Self::Demo(args) => commands::demo::run(args, session, &run_step),
            Self::Doctor(args) => commands::doctor::run(args, session),
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
