//! `skinlesion export`.

use std::path::{Path, PathBuf};

use serde_json::json;
use skinlesion::export::card;
use skinlesion::export::description::Description;
use skinlesion::export::package::{self, Written};
use skinlesion::export::verify::Images;
use skinlesion::export::{self, Format, Source};
use skinlesion::files::Draft;
use skinlesion::model::checkpoint::About;
use skinlesion::progress::Progress;

use super::{Outcome, Summary};
use crate::terminal::Session;

/// Noise images to compare on when there is no dataset.
const NOISE: usize = 32;

#[derive(clap::Args)]
pub struct Args {
    /// The checkpoint to export: a file, or a folder that `skinlesion train` wrote
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,

    /// The folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// The formats to write, separated by commas: onnx for phones, browsers and most runtimes,
    /// torchscript for libtorch and PyTorch
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "torchscript,onnx"
    )]
    format: Vec<Format>,

    /// A dataset folder: the written files are compared with the checkpoint on its validation images.
    /// Without it they are compared on noise, which proves less
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// How many validation images to compare on, evenly spread over them; 0 means all, which takes longer
    #[arg(long, value_name = "N", default_value_t = 200)]
    images: usize,

    /// What `skinlesion eval` wrote of this checkpoint (the folder, or its metrics.json): its figures and
    /// intervals go into the model card. May be repeated, for the validation and the test part
    #[arg(long = "evaluation", value_name = "DIR")]
    evaluations: Vec<PathBuf>,

    /// Replace the folder if it is an older export
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let draft = Draft::new(&args.out, args.force, package::MODEL_FILE)?;
    let source = Source::read(&args.checkpoint)?;
    let evaluations = card::read_evaluations(&args.evaluations, &source)?;
    let images = images(args, &source.checkpoint.about, session)?;
    let description = Description::new(&source);
    let mut formats = args.format.clone();
    formats.sort_unstable();
    formats.dedup();
    let written = export::write(
        &source,
        &formats,
        &description,
        draft.path(),
        &images,
        session,
    )?;
    let beside = package::write(draft.path(), &source, &description, &written, &evaluations)?;
    draft.publish()?;
    Ok(summary(args, &written, &beside))
}

fn images(args: &Args, about: &About, session: &Session) -> skinlesion::Result<Images> {
    let Some(data) = &args.data else {
        session.warn(
            "no --data, so the files are compared with the checkpoint on noise instead of validation images",
        );
        return Ok(Images::noise(about.resize, NOISE));
    };
    Images::validation(data, about, args.images)
}

fn summary(args: &Args, written: &[Written], beside: &[PathBuf]) -> Summary {
    let mut text = format!(
        "{:12} {:>9} {:>15} {:>16} {:>9}\n",
        "file", "size", "max difference", "top-1 agreement", "ms/image"
    );
    for file in written {
        let check = &file.check;
        text += &format!(
            "{:12} {:>6.2} MB {:>15.1e} {:>16} {:>9.1}\n",
            file.file,
            file.bytes as f64 / 1e6,
            check.max_difference,
            format!("{}/{}", check.same_top1, check.images),
            check.milliseconds,
        );
    }
    let compared = written.first().map_or("", |file| &file.check.of);
    text += &format!(
        "\nEach file was run again, on {compared}, and its probabilities compared with the checkpoint's; \
         ms/image is for one image at a time on this CPU, .pt in libtorch, .onnx in rten.\n"
    );
    let place = |name: &Path| args.out.join(name.file_name().unwrap_or_default());
    let networks = written.iter().map(|file| args.out.join(&file.file));
    let first = written
        .last()
        .map(|file| args.out.join(&file.file))
        .unwrap_or_default();
    let model = first.display();
    Summary {
        text,
        files: networks
            .chain(beside.iter().map(|path| place(path)))
            .collect(),
        next: Some(format!("skinlesion predict --model {model} IMAGE")),
        json: json!({"out": args.out, "compared_on": compared, "networks": written}),
        failed: false,
    }
}
