//! `skinlesion export`.

use super::{Outcome, Summary};
use crate::terminal::Session;

#[derive(clap::Args)]
pub struct Args {}

pub fn run(_args: &Args, _session: &Session) -> Outcome {
    Ok(Summary::default())
}
