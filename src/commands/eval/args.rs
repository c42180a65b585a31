//! The flags of `skinlesion eval`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use skinlesion::Error;
use skinlesion::dataset::Split;
use skinlesion::inference::open::Options;
use skinlesion::model::device::Device;

use crate::commands::trust::TrustArgs;

#[derive(clap::Args)]
#[command(after_help = skinlesion::DISCLAIMER)]
pub struct Args {
    /// The network to evaluate: a checkpoint (file, or folder that `skinlesion train` wrote), an export folder, an
    /// exported .onnx, .tflite or .pt file, or released for the one that the program contains. With --folds, one per
    /// fold
    #[arg(long = "model", value_name = "FILE", required = true)]
    pub models: Vec<PathBuf>,

    /// The dataset folder, as `skinlesion prepare` wrote it
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,

    /// The split to evaluate on: test for the final result, val to compare settings, train to see how well the
    /// network fits. Lesions that the network was trained on are refused in test and val
    #[arg(long, value_name = "train|val|test", default_value = "test")]
    pub split: Split,

    /// Cross-validation: evaluate each --model on the fold that it was not trained on, and all predictions together.
    /// Also gives the metrics of each fold, with mean and standard deviation. Folds without a --model are left out
    #[arg(long, conflicts_with = "split")]
    pub folds: bool,

    /// Evaluate only images of this source: a name in the manifest's column `source`. May be repeated
    #[arg(long = "source", value_name = "NAME")]
    pub sources: Vec<String>,

    /// Test-time augmentation: average the probabilities of the 8 symmetric views of each image (4 rotations, mirrored
    /// or not). More stable, but not better for every class; takes 8 times as long
    #[arg(long)]
    pub tta: bool,

    #[command(flatten)]
    pub trust: TrustArgs,

    /// Put photographs into report.html: the most confident errors and the least confident predictions, with Grad-CAM
    /// heat maps. The photographs keep their licence (HAM10000: CC BY-NC 4.0), which then applies to the page too
    #[arg(long)]
    pub with_images: bool,

    /// Also write submission.csv, in the format of the ISIC 2018 challenge (task 3)
    #[arg(long)]
    pub submission: bool,

    /// The folder to write: metrics, predictions, report and plots
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Images per batch: more is faster on a GPU and takes more memory; the metrics do not change
    #[arg(long, value_name = "N", default_value = "32")]
    pub batch_size: NonZeroUsize,

    /// Replace --out if it is an evaluation folder
    #[arg(long)]
    pub force: bool,
}

/// The last component of a path: a report names no other folders of the machine that made it.
pub fn name_of(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl Args {
    /// How the networks are opened.
    pub fn options(&self, device: Device) -> Options {
        Options {
            device,
            tta: self.tta,
            trust: self.trust.trust,
        }
    }

    /// The only network of an evaluation without folds.
    pub fn only_model(&self) -> skinlesion::Result<&Path> {
        match &self.models[..] {
            [model] => Ok(model),
            several => Err(Error::input(
                "--model",
                format!("given {} times", several.len()),
                "Name one network, or say --folds to pool the networks of all folds.",
            )),
        }
    }
}
