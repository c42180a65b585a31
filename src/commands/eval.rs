//! `skinlesion eval`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use skinlesion::classifier::{self, Classifier};
use skinlesion::dataset::{Dataset, Part};
use skinlesion::evaluation::{self, Evaluation, METRICS_FILE};
use skinlesion::files::{self, Draft};
use skinlesion::metrics::{Confusion, Predictions, predictions};
use skinlesion::model::checkpoint;
use skinlesion::progress::Progress;
use skinlesion::report::{self, Cells};
use skinlesion::{DISCLAIMER, Error};

use super::{Outcome, Summary};
use crate::terminal::Session;

const REPORT_FILE: &str = "report.txt";

#[derive(clap::Args)]
pub struct Args {
    /// What to score: a checkpoint (file, or folder that `skinlesion train` wrote) or an exported .onnx or .pt file
    #[arg(long, value_name = "FILE")]
    model: PathBuf,

    /// The dataset folder to score it on, as `skinlesion prepare` wrote it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The part to score it on: test for the truth, val to compare settings, train to see how well it fits.
    /// Lesions that it was trained on are refused in test and val
    #[arg(long, value_name = "train|val|test", default_value = "test")]
    split: Part,

    /// The folder to write: figures, predictions, report and pictures
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Images at a time: more is faster on a GPU and takes more memory; the figures do not change
    #[arg(long, value_name = "N", default_value = "32")]
    batch_size: NonZeroUsize,

    /// Replace --out if it is an older evaluation
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, session: &Session) -> Outcome {
    let draft = Draft::new(&args.out, args.force, METRICS_FILE)?;
    let dataset = Dataset::open(&args.data)?;
    let classifier = classifier::open(&args.model, session.device()?)?;
    refuse_unfair(args, &dataset, classifier.as_ref(), session)?;

    let rows = dataset.part(args.split);
    let batch = args.batch_size.get();
    let predictions =
        evaluation::predict_part(classifier.as_ref(), &dataset, &rows, batch, session)?;
    let evaluation = Evaluation::new(
        &args.model,
        classifier.as_ref(),
        &dataset,
        args.split,
        &predictions,
    )?;
    let text = text(args, &evaluation);
    let written = write(draft.path(), &evaluation, &predictions, &text)?;
    draft.publish()?;

    let place = |path: &PathBuf| args.out.join(path.file_name().unwrap_or_default());
    Ok(Summary {
        text,
        files: written.iter().map(place).collect(),
        next: Some(next(args)),
        json: serde_json::to_value(&evaluation)?,
        failed: false,
    })
}

/// Refuses what would make the figures meaningless, and warns of what cannot be checked.
fn refuse_unfair(
    args: &Args,
    dataset: &Dataset,
    classifier: &dyn Classifier,
    session: &Session,
) -> skinlesion::Result<()> {
    evaluation::refuse_other_size(classifier, dataset)?;
    if dataset.part(args.split).is_empty() {
        return Err(Error::file(
            &args.data,
            format!("its {} part has no images", args.split),
            "Name another --split, or prepare the dataset with other shares.",
        ));
    }
    match classifier.about() {
        Some(about) => evaluation::refuse_seen_lesions(about, dataset, args.split),
        None if args.split == Part::Train => Ok(()),
        None => {
            session.warn(&format!(
                "{} lies without the checkpoint.json that `skinlesion export` wrote beside it, so nothing \
                 tells whether it was trained on these very lesions",
                args.model.display()
            ));
            Ok(())
        }
    }
}

/// What a person reads.
fn text(args: &Args, evaluation: &Evaluation) -> String {
    let caveat = match args.split {
        Part::Train => {
            "The network was trained on this part: the figures say how well it fits, not how good it is.\n"
        }
        Part::Val => {
            "Choices were made on this part: the figures flatter. Those of the test part do not.\n"
        }
        Part::Test => "",
    };
    format!(
        "{model} on the {part} part of {data}: {n} images of {lesions} lesions\n{caveat}\n{figures}\n{DISCLAIMER}\n",
        model = args.model.display(),
        part = args.split,
        data = args.data.display(),
        n = evaluation.metrics.n,
        lesions = evaluation.data.lesions,
        figures = report::text::evaluation(&evaluation.metrics, &evaluation.undefined),
    )
}

/// Writes all files into a folder and returns them, most important first.
fn write(
    folder: &Path,
    evaluation: &Evaluation,
    predictions: &Predictions,
    text: &str,
) -> skinlesion::Result<Vec<PathBuf>> {
    let path = |name: &str| folder.join(name);
    files::write_json(&path(METRICS_FILE), evaluation)?;
    predictions.write(&path(predictions::FILE))?;
    files::write_whole(&path(REPORT_FILE), text.as_bytes())?;
    let mut written = [METRICS_FILE, REPORT_FILE, predictions::FILE]
        .map(path)
        .to_vec();

    let confusion = Confusion {
        counts: evaluation.metrics.confusion_matrix,
    };
    let images = format!(
        "{} part, {} images",
        evaluation.data.split, evaluation.metrics.n
    );
    for (stem, title, cells) in [
        ("confusion_matrix", "Confusion matrix", Cells::Counts),
        (
            "confusion_matrix_normalized",
            "Confusion matrix by row",
            Cells::Shares,
        ),
    ] {
        let svg = report::confusion_matrix(&confusion, cells, &format!("{title}: {images}"));
        written.extend(report::write_picture(&path(stem), &svg)?);
    }
    Ok(written)
}

fn next(args: &Args) -> String {
    let model = args.model.display();
    let is_exported = matches!(
        args.model
            .extension()
            .and_then(|extension| extension.to_str()),
        Some("onnx" | "pt")
    );
    if is_exported {
        return format!("skinlesion predict --model {model} IMAGE");
    }
    let name = checkpoint::locate(&args.model)
        .parent()
        .and_then(Path::file_name)
        .map_or_else(|| "NAME".into(), |name| name.to_string_lossy().into_owned());
    let data = args.data.display();
    format!("skinlesion export --checkpoint {model} --data {data} --out exports/{name}")
}
