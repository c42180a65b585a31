//! `skinlesion export`.

mod fold;

use std::path::PathBuf;

use serde_json::json;
use skinlesion::artifact::exported_file::ExportedFile;
use skinlesion::artifact::format::{Family, Format, Precision, UnknownFormat};
use skinlesion::artifact::interface::InputKind;
use skinlesion::artifact::package::FOLDER_FILES;
use skinlesion::dataset::part::Part;
use skinlesion::export::images::{self, Images};
use skinlesion::export::inputs::ExportInputs;
use skinlesion::export::quantize::{CALIBRATION_IMAGES, RangeRule};
use skinlesion::export::source::ExportSource;
use skinlesion::export::thresholds::set_thresholds;
use skinlesion::export::write::{self, FailedFormat, Plan};
use skinlesion::export::{evaluations, package, readme};
use skinlesion::files::AtomicFolder;
use skinlesion::imaging::resize::{Colour, Fit};
use skinlesion::integrity::sums;
use skinlesion::metrics::Predictions;
use skinlesion::model::checkpoint_metadata::CheckpointMetadata;
use skinlesion::progress::Progress;
use skinlesion::{Error, Result, webapp};

use self::fold::FoldNetwork;
use super::existing::refuse_folder_of_inputs;
use crate::terminal::{Outcome, Session, Summary, shell};

/// Noise images to compare on when there is no dataset.
const NOISE: usize = 32;

#[derive(clap::Args)]
pub struct Args {
    /// The checkpoint to export: a file, or a folder that `skinlesion train` wrote; or an export folder with a
    /// model.onnx, to write other formats of it
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,

    /// The folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Formats, separated by commas: onnx, onnx-fp16, onnx-int8 (phones, browsers and most runtimes), tflite,
    /// tflite-fp16, tflite-int8 (LiteRT on Android and iOS), torchscript (libtorch and PyTorch), web (the phone page,
    /// for any web server), or all. fp16 files are half as large; int8 files a quarter, and faster where the processor
    /// supports it
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "torchscript,onnx",
        value_parser = formats
    )]
    format: Vec<Formats>,

    /// A dataset folder. Exported files are compared with the checkpoint on its validation images, decision thresholds
    /// are selected there, and int8 files are calibrated on its training images. Without it, files are compared on
    /// noise, which is a weaker check, and int8 cannot be written. A network that was trained on all folds is compared
    /// on training images
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// How many validation images to compare on, evenly spaced; 0 means all. Fewer is faster, but then model.json has
    /// no thresholds
    #[arg(long, value_name = "N", default_value_t = 0)]
    images: usize,

    /// Input type of the files: float32 (RGB in 0-1), or uint8 (RGB bytes of a camera, NHWC), which saves an app the
    /// conversion
    #[arg(long, value_name = "TYPE", default_value_t)]
    input: InputKind,

    /// Put the antialiased resize into the ONNX files, so that they take images of any size; needs a runtime with
    /// opset 18
    #[arg(long)]
    resize: bool,

    /// How int8 files choose the range of each activation: mse (least squared error), percentile (99.99 % of the
    /// values) or minmax (all values). Try another if the default loses too much
    #[arg(long, value_name = "RULE", default_value_t)]
    ranges: RangeRule,

    /// Percentage points (0 to 100) of balanced accuracy or melanoma recall, by either decision rule, that a float16 or
    /// int8 file may lose on the validation images, and percentage of them to which a float16 file may give another
    /// top-1 class; one image is always allowed. A file that loses more is not written; the others are, and the exit
    /// code is 1
    #[arg(long, value_name = "POINTS", default_value_t = 1.0)]
    tolerance: f64,

    /// For int8 files of a network that was trained on all folds: the checkpoint of one fold, trained with the same
    /// settings. It is quantized in the same way, and what it loses on its validation fold is held against --tolerance
    #[arg(long, value_name = "CHECKPOINT", requires = "data")]
    fold_checkpoint: Option<PathBuf>,

    /// Evaluation of this checkpoint (the folder, or its metrics.json): its metrics and intervals go into model.json
    /// and the model card. Repeatable, for the validation and the test split. For a network that was trained on all
    /// folds, the folder of `skinlesion eval --folds`: thresholds and abstention are then selected on its predictions
    #[arg(long = "evaluation", value_name = "DIR")]
    evaluations: Vec<PathBuf>,

    /// Also write checkpoint.safetensors, with weights in float16, so that others can train further on their own
    /// images: train --from or --teacher with the export folder. It contains the hashed ids of its training lesions
    #[arg(long)]
    include_checkpoint: bool,

    /// Replace --out if it is an export folder
    #[arg(long)]
    force: bool,
}

/// The formats that one word of --format stands for.
#[derive(Clone)]
struct Formats(Vec<Format>);

fn formats(text: &str) -> Result<Formats, UnknownFormat> {
    match text {
        "all" => Ok(Formats(Format::ALL.to_vec())),
        one => one.parse().map(|format| Formats(vec![format])),
    }
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let plan = plan(args);
    let source = ExportSource::read(&args.checkpoint)?;
    refuse_impossible(args, &plan, &source.metadata)?;
    let checkpoint = args.include_checkpoint.then(|| source.checkpoint());
    let checkpoint = checkpoint.transpose()?;
    let inputs = [
        Some(&args.checkpoint),
        args.data.as_ref(),
        args.fold_checkpoint.as_ref(),
    ];
    let inputs = inputs.into_iter().flatten().chain(&args.evaluations);
    refuse_folder_of_inputs(&args.out, inputs.map(PathBuf::as_path))?;
    let draft = AtomicFolder::new(&args.out, args.force, &FOLDER_FILES)?;
    let evaluations = evaluations::read(&args.evaluations, &source)?;
    let metadata = &source.metadata;
    let images = images(args, metadata, session)?;
    let calibration = calibration(args, &plan, metadata)?;
    let answers = source.answers(&images, session)?;
    let mut description = source.description();
    if images.whole {
        let predictions = Predictions {
            probabilities: answers.probabilities.clone(),
            ..images.truths.clone()
        };
        set_thresholds(&mut description, Part::Val, &predictions);
    }
    for evaluation in &evaluations {
        match &evaluation.out_of_fold {
            Some(predictions) => set_thresholds(&mut description, Part::OutOfFold, predictions),
            None => {
                let (metrics, intervals) = (&evaluation.metrics, &evaluation.intervals);
                match evaluation.tta {
                    true => session.warn(
                        "the metrics of --tta are in the model card, not in model.json: apps run single views",
                    ),
                    false => description.set_metrics(
                        evaluation.part,
                        evaluation.is_external,
                        metrics,
                        intervals,
                    ),
                }
            }
        }
    }
    let fold = match (&args.fold_checkpoint, &args.data) {
        (Some(path), Some(data)) => {
            let read = FoldNetwork::read(path, data, args.images, metadata, session);
            Some(read?)
        }
        _ => None,
    };
    let (written, failed_formats) = write::write(
        &source,
        &description,
        &plan,
        draft.path(),
        &ExportInputs {
            images: &images,
            answers: &answers,
            decisions: &description.decisions,
            calibration: &calibration,
        },
        fold.as_ref().map(FoldNetwork::inputs).as_ref(),
        session,
    )?;
    for failed in &failed_formats {
        session.warn(&format!(
            "{} is not written: {}",
            failed.format.file_name(),
            failed.why
        ));
    }
    let mut beside = package::write(
        draft.path(),
        &source,
        checkpoint.as_ref(),
        &description,
        &written,
        &evaluations,
    )?;
    if plan.formats.contains(&Format::Web) {
        let page = draft.path().join(Format::Web.file_name());
        beside.extend(webapp::write(&page, draft.path())?.into_iter().take(1));
    }
    beside.push(sums::write(draft.path())?);
    let beside: Vec<PathBuf> = (beside.iter())
        .filter_map(|path| path.strip_prefix(draft.path()).ok())
        .map(|name| args.out.join(name))
        .collect();
    draft.publish()?;
    Ok(summary(args, &written, &failed_formats, beside))
}

fn plan(args: &Args) -> Plan {
    let mut formats: Vec<Format> = args.format.iter().flat_map(|word| word.0.clone()).collect();
    let has_onnx = formats.iter().any(|format| format.family() == Family::Onnx);
    if formats.contains(&Format::Web) && !has_onnx {
        formats.push(Format::Onnx); // which the page runs
        if args.data.is_some() {
            formats.push(Format::OnnxInt8); // so that it loads faster
        }
    }
    formats.sort_unstable();
    formats.dedup();
    Plan {
        formats,
        input: args.input,
        resizes: args.resize,
        ranges: args.ranges,
        tolerance: args.tolerance,
    }
}

/// Refuses options that cannot work together, before anything is computed.
fn refuse_impossible(args: &Args, plan: &Plan, metadata: &CheckpointMetadata) -> Result<()> {
    let int8 = (plan.formats.iter()).find(|format| format.precision() == Precision::Int8);
    if let (Some(format), None) = (int8, &args.data) {
        return Err(Error::input(
            format!("--format {format}"),
            "int8 quantization is calibrated on training images, and there are none without --data",
            "Name the dataset folder that the checkpoint was trained with: --data DIR.",
        ));
    }
    let (data, fold) = (args.data.as_deref(), args.fold_checkpoint.as_deref());
    fold::refuse_unmeasured_int8(int8, data, fold, metadata)?;
    if plan.formats.contains(&Format::Web) {
        webapp::page::Page::embedded()?;
    }
    if plan.formats.contains(&Format::Web) && (args.resize || args.input != InputKind::Unit) {
        return Err(Error::input(
            "--format web",
            "the page prepares photographs itself, for files that take float32 of the network's size",
            "Leave --input and --resize out, or write the page into another folder.",
        ));
    }
    let rule = metadata.resize;
    if args.resize && (rule.fit != Fit::Stretch || rule.colour != Colour::AsTaken) {
        return Err(Error::input(
            "--resize",
            format!(
                "this network's images are prepared with {}, which no file can do inside",
                rule.flags()
            ),
            "Leave --resize out, and prepare images in the app as model.json says.",
        ));
    }
    if !(0.0..=100.0).contains(&args.tolerance) {
        return Err(Error::input(
            format!("--tolerance {}", args.tolerance),
            "not a number of points from 0 to 100",
            "Give the percentage points that may be lost, such as 1.",
        ));
    }
    Ok(())
}

fn images(args: &Args, metadata: &CheckpointMetadata, session: &Session) -> Result<Images> {
    let Some(data) = &args.data else {
        session.warn(
            "no --data, so the files are compared with the checkpoint on noise instead of validation images",
        );
        return Ok(Images::noise(metadata.classes, metadata.resize, NOISE));
    };
    Images::of_dataset(data, metadata, args.images)
}

fn calibration(args: &Args, plan: &Plan, metadata: &CheckpointMetadata) -> Result<Vec<Vec<u8>>> {
    let wanted = |format: &Format| format.precision() == Precision::Int8;
    match &args.data {
        Some(data) if plan.formats.iter().any(wanted) => {
            images::training(data, metadata, CALIBRATION_IMAGES)
        }
        _ => Ok(Vec::new()),
    }
}

fn summary(
    args: &Args,
    written: &[ExportedFile],
    failed_formats: &[FailedFormat],
    beside: Vec<PathBuf>,
) -> Summary {
    let mut text = readme::table(written) + "\n" + &readme::legend(written, &args.out) + "\n";
    for failed in failed_formats {
        text += &format!(
            "\n{} was not written: {}.\n",
            failed.format.file_name(),
            failed.why
        );
    }
    let networks = written.iter().map(|file| args.out.join(&file.file));
    let serves = written.iter().any(|file| file.file.ends_with(".onnx"));
    let compared = written.first().map_or("", |file| &file.check.of);
    let lost_json: Vec<_> = (failed_formats.iter())
        .map(|failed| json!({"format": failed.format.name(), "why": failed.why}))
        .collect();
    Summary {
        text,
        files: networks.chain(beside).collect(),
        next: Some(format!(
            "skinlesion {} {}",
            if serves { "serve" } else { "info" },
            shell::quoted_path(&args.out)
        )),
        json: json!({"out": args.out, "compared_on": compared, "networks": written, "lost": lost_json}),
        failed: !failed_formats.is_empty(),
    }
}
