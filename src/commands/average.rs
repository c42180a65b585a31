//! `skinlesion average`.

use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::model_soup::{self, Member, average};
use skinlesion::progress::Progress;
use skinlesion::{Error, files};

use super::existing::checkpoint_file;
use crate::terminal::{Outcome, Session, Summary, shell};

#[derive(clap::Args)]
pub struct Args {
    /// Checkpoints (files, or folders that `skinlesion train` wrote) of runs that started from the same weights. The
    /// metadata, such as the image size, is that of the first that was trained on all folds, or else of the first
    #[arg(value_name = "CHECKPOINT", required = true, num_args = 2..)]
    checkpoints: Vec<PathBuf>,

    /// Weight of each checkpoint, in their order, as in 1,1,2; only the ratios matter [default: equal]
    #[arg(long, value_name = "W,W,…", value_delimiter = ',', value_parser = above_zero)]
    weights: Vec<f64>,

    /// The checkpoint file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace --out if it exists
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let inputs: Vec<&Path> = args.checkpoints.iter().map(PathBuf::as_path).collect();
    let _out = checkpoint_file(&args.out, args.force, &inputs)?;
    let weights = match args.weights.len() {
        0 => vec![1.0; args.checkpoints.len()],
        n if n == args.checkpoints.len() => args.weights.clone(),
        n => {
            return Err(Error::input(
                "--weights",
                format!("{n} of them for {} checkpoints", args.checkpoints.len()),
                "Give one weight for each checkpoint, in their order.",
            )
            .into());
        }
    };
    let member = |(path, weight): (&PathBuf, f64)| -> skinlesion::Result<Member> {
        Ok(Member {
            name: name_of(path),
            checkpoint: Checkpoint::read(path)?,
            weight,
        })
    };
    let members: Vec<Member> = (args.checkpoints.iter().zip(weights))
        .map(member)
        .collect::<skinlesion::Result<_>>()?;
    if let Some([one, other]) = model_soup::different_origins(&members) {
        session.warn(&format!(
            "{one} and {other} began with different weights, so that their mean is likely worse than either"
        ));
    }
    let mean = average(&members)?;
    mean.write(&args.out)?;
    Ok(Summary {
        text: format!(
            "The mean of {} networks, for images of {} pixels. It is not evaluated yet: compare it on the validation split.\n",
            members.len(),
            mean.metadata.resize.size
        ),
        json: json!({
            "initial_weights": mean.metadata.initial_weights,
            "size": mean.metadata.resize.size,
            "sha256": files::sha256_file(&args.out)?,
        }),
        next: Some(format!("skinlesion info {}", shell::quoted_path(&args.out))),
        files: vec![args.out.clone()],
        failed: false,
    })
}

/// The last component of a path: a checkpoint names no other folders of the machine that made it.
fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn above_zero(text: &str) -> Result<f64, String> {
    let weight = text.trim().parse().ok();
    weight
        .filter(|weight: &f64| weight.is_finite() && *weight > 0.0)
        .ok_or_else(|| "not a number above 0".to_owned())
}
