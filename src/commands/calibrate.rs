//! `skinlesion calibrate`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde_json::json;
use skinlesion::dataset::Dataset;
use skinlesion::evaluation::calibrate::{Calibrated, calibrate};
use skinlesion::model::checkpoint::Checkpoint;

use super::existing::refuse_existing;
use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
pub struct Args {
    /// The checkpoint to calibrate: a file, or a folder that `skinlesion train` wrote
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,

    /// The dataset folder that it was trained with. The temperature is fitted on the validation split; the test split
    /// is not used
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The checkpoint file to write: the same network with the temperature in it, which eval, predict and export use
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Images per batch: more is faster on a GPU and takes more memory
    #[arg(long, value_name = "N", default_value = "32")]
    batch_size: NonZeroUsize,

    /// Replace --out if it exists
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    refuse_existing(&args.out, args.force)?;
    let dataset = Dataset::open(&args.data)?;
    let checkpoint = Checkpoint::read(&args.checkpoint)?;
    let batch = args.batch_size.get();
    let calibrated = calibrate(checkpoint, dataset, batch, session.device()?, session)?;
    calibrated.checkpoint.write(&args.out)?;
    let (out, data) = (args.out.display(), args.data.display());
    Ok(Summary {
        text: text(&calibrated),
        json: json!({
            "temperature": calibrated.temperature,
            "images": calibrated.images,
            "before": calibrated.before,
            "after": calibrated.after,
        }),
        next: Some(format!(
            "skinlesion eval --model {out} --data {data} --out OUT"
        )),
        files: vec![args.out.clone()],
        failed: false,
    })
}

fn text(calibrated: &Calibrated) -> String {
    let Calibrated {
        before,
        after,
        temperature,
        images,
        ..
    } = calibrated;
    let word = match *temperature {
        t if t > 1.0 => "it was overconfident",
        _ => "it was underconfident",
    };
    let mut text = format!(
        "Temperature {temperature:.4}, fitted on {images} validation images: {word}\n\n{:28}{:>9}{:>9}\n",
        "on these images", "before", "after"
    );
    for (name, before, after) in [
        ("log loss", before.log_loss, after.log_loss),
        (
            "calibration error, width",
            before.ece_equal_width,
            after.ece_equal_width,
        ),
        (
            "calibration error, mass",
            before.ece_equal_mass,
            after.ece_equal_mass,
        ),
        ("Brier score", before.brier, after.brier),
        (
            "accuracy (does not change)",
            before.accuracy,
            after.accuracy,
        ),
    ] {
        text.push_str(&format!("{name:28}{before:>9.4}{after:>9.4}\n"));
    }
    text
}
