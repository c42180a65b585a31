//! The flags of `skinlesion eval`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use skinlesion::Error;
use skinlesion::dataset::Split;

#[derive(clap::Args)]
pub struct Args {
    /// What to score: a checkpoint (file, or folder that `skinlesion train` wrote), an export folder, or an exported
    /// .onnx, .tflite or .pt file. With --folds, one for each fold
    #[arg(long = "model", value_name = "FILE", required = true)]
    pub models: Vec<PathBuf>,

    /// The dataset folder to score it on, as `skinlesion prepare` wrote it
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// The part to score it on: test for the truth, val to compare settings, train to see how well it fits.
    /// Lesions that it was trained on are refused in test and val
    #[arg(long, value_name = "train|val|test", default_value = "test")]
    pub split: Split,

    /// Cross-validation: score each --model on the fold that it did not train on, and all answers together; gives
    /// each fold's figures too, with mean and standard deviation
    #[arg(long, conflicts_with = "split")]
    pub folds: bool,

    /// Average the answers to the 8 symmetric views of each image (4 rotations, mirrored or not): steadier,
    /// not better for every class, and 8 times as long
    #[arg(long)]
    pub tta: bool,

    /// Put photographs into report.html: the surest errors and the least certain answers, with where the network looked.
    /// They have a licence (HAM10000: CC BY-NC 4.0), so only if you may pass them on with the page
    #[arg(long)]
    pub with_images: bool,

    /// Write submission.csv too, in the form of ISIC's challenge of 2018 (task 3): to hand in, or for other tools
    #[arg(long)]
    pub submission: bool,

    /// The folder to write: figures, predictions, report and pictures
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Images at a time: more is faster on a GPU and takes more memory; the figures do not change
    #[arg(long, value_name = "N", default_value = "32")]
    pub batch_size: NonZeroUsize,

    /// Replace --out if it is an older evaluation
    #[arg(long)]
    pub force: bool,
}

/// The last part of a path: what a report says of a place on its maker's disk.
pub fn name_of(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl Args {
    /// The one network of an evaluation without folds.
    pub fn only_model(&self) -> skinlesion::Result<&Path> {
        match &self.models[..] {
            [model] => Ok(model),
            several => Err(Error::input(
                "--model",
                format!("given {} times", several.len()),
                "Name one network, or say --folds to take the networks of all folds together.",
            )),
        }
    }
}
