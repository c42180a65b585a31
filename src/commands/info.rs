//! `skinlesion info`.

mod text;

use std::path::PathBuf;

use skinlesion::inference::model_info::ModelInfo;

use crate::terminal::{Outcome, Session, Summary};

#[derive(clap::Args)]
#[command(after_help = skinlesion::DISCLAIMER)]
pub struct Args {
    /// A checkpoint (file or folder), an export folder, an exported .onnx, .tflite or .pt file, or released for
    /// the network that the program contains
    #[arg(value_name = "MODEL")]
    model: PathBuf,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let info = ModelInfo::read(&args.model)?;
    let changed = info
        .files
        .iter()
        .any(|file| file.as_exported == Some(false));
    Ok(Summary {
        text: text::text(&args.model, &info, session.global.verbose),
        json: serde_json::to_value(&info)?,
        failed: changed,
        ..Summary::default()
    })
}
