//! `skinlesion config`.

use std::path::PathBuf;

use skinlesion::training::Phase;
use skinlesion::training::config::annotated;

use super::phase::phase;
use crate::terminal::{Outcome, Session, Summary, print_out};

#[derive(clap::Args)]
#[command(
    after_help = "The output is a file for `skinlesion train --config`. For one with your changes: \
    skinlesion config --phase finetune --set epochs=30 > my.toml"
)]
pub struct Args {
    /// The phase of training, transfer or finetune
    #[arg(long, value_parser = phase())]
    phase: Phase,

    /// TOML file with the settings that differ from the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// One setting, such as dropout=0.4 or augment.rotation=30; overrides --config. Repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let mut settings = args.settings.clone();
    settings.extend(session.global.seed.map(|seed| format!("seed={seed}")));
    let (text, values) = annotated::annotated(args.phase, args.config.as_deref(), &settings)?;
    if !session.global.json {
        print_out(&text); // also with --quiet: it is all that this verb does
    }
    Ok(Summary {
        json: serde_json::to_value(values)?,
        ..Summary::default()
    })
}
