//! The flags of `skinlesion predict`.

use std::path::PathBuf;

use skinlesion::metrics::decisions::DecisionRule;

use crate::commands::one_of::one_of;
use crate::commands::trust::TrustArgs;

#[derive(clap::Args)]
#[command(after_help = skinlesion::DISCLAIMER)]
pub struct Args {
    /// The network: a checkpoint (file or folder), an export folder, an exported .onnx, .tflite or .pt file, or
    /// released for the one that the program contains. Given several times, the probabilities are averaged (an
    /// ensemble)
    #[arg(long = "model", value_name = "FILE", required = true)]
    pub models: Vec<PathBuf>,

    /// How many diagnoses to list for each photograph, 1 to 100, most probable first
    #[arg(long, visible_alias = "top", value_name = "N", default_value_t = 3)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
    pub top_k: u8,

    /// Test-time augmentation: average the probabilities of the 8 symmetric views of each photograph (4 rotations,
    /// mirrored or not). More stable, but not better for every class; takes 8 times as long
    #[arg(long)]
    pub tta: bool,

    /// The rule that names one diagnosis: likeliest (the largest probability) or balanced (rare diagnoses are named
    /// earlier, so fewer of those are missed). Default: that of the network, which `skinlesion calibrate` chose
    #[arg(long, value_name = "RULE", value_parser = one_of::<DecisionRule>())]
    pub decision: Option<DecisionRule>,

    #[command(flatten)]
    pub trust: TrustArgs,

    /// Also write the answers to a CSV file, with all probabilities
    #[arg(long, value_name = "FILE.csv")]
    pub output: Option<PathBuf>,

    /// Also write a Grad-CAM heat map of the named diagnosis for each photograph, as PNG files in this folder. Needs a
    /// checkpoint or an ONNX file
    #[arg(long, value_name = "DIR", conflicts_with = "tta")]
    pub heat_map: Option<PathBuf>,

    /// Replace files that --output and --heat-map would write
    #[arg(long)]
    pub force: bool,

    /// Photographs (JPEG, PNG, WebP, TIFF or BMP), folders to search for them, or - for one on standard input
    #[arg(value_name = "IMAGE|DIR", required = true)]
    pub images: Vec<PathBuf>,
}
