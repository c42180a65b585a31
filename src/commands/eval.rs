//! `skinlesion eval`.

mod folds;
mod output;
mod words;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use skinlesion::Error;
use skinlesion::classifier::{self, Classifier};
use skinlesion::dataset::prepare::SAMPLES;
use skinlesion::dataset::{Dataset, Part};
use skinlesion::evaluation::galleries::{Pictures, galleries};
use skinlesion::evaluation::{self, Evaluation, METRICS_FILE};
use skinlesion::files::Draft;
use skinlesion::progress::Progress;
use skinlesion::report::html::{self, Page};

use self::output::Scored;
use super::{Outcome, Summary};
use crate::terminal::Session;

#[derive(clap::Args)]
pub struct Args {
    /// What to score: a checkpoint (file, or folder that `skinlesion train` wrote), an export folder, or an exported
    /// .onnx, .tflite or .pt file. With --folds, one for each fold
    #[arg(long = "model", value_name = "FILE", required = true)]
    models: Vec<PathBuf>,

    /// The dataset folder to score it on, as `skinlesion prepare` wrote it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The part to score it on: test for the truth, val to compare settings, train to see how well it fits.
    /// Lesions that it was trained on are refused in test and val
    #[arg(long, value_name = "train|val|test", default_value = "test")]
    split: Part,

    /// Cross-validation: score each --model on the fold that it did not train on, and all answers together; gives
    /// each fold's figures too, with mean and standard deviation
    #[arg(long, conflicts_with = "split")]
    folds: bool,

    /// Average the answers to the 8 symmetric views of each image (4 rotations, mirrored or not): steadier,
    /// not better for every class, and 8 times as long
    #[arg(long)]
    tta: bool,

    /// Put photographs into report.html: the surest errors and the least certain answers, with where the network looked.
    /// They have a licence (HAM10000: CC BY-NC 4.0), so only if you may pass them on with the page
    #[arg(long)]
    with_images: bool,

    /// Write submission.csv too, in the form of ISIC's challenge of 2018 (task 3): to hand in, or for other tools
    #[arg(long)]
    submission: bool,

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
    if args.folds {
        return folds::run(args, session);
    }
    let model = args.only_model()?;
    let draft = Draft::new(&args.out, args.force, METRICS_FILE)?;
    let dataset = Dataset::open(&args.data)?;
    let classifier = classifier::open_with(model, session.device()?, args.tta)?;
    let dataset = evaluation::as_trained(dataset, classifier.about())?;
    refuse_unfair(args, &dataset, classifier.as_ref(), session)?;

    let rows = dataset.part(args.split);
    let batch = args.batch_size.get();
    let answer = |rows: &[usize]| {
        evaluation::predict_part(classifier.as_ref(), &dataset, rows, batch, session)
    };
    let predictions = answer(&rows)?;
    let choosing = evaluation::choosing_rows(classifier.about(), &dataset, args.split);
    let choosing = (!choosing.is_empty())
        .then(|| answer(&choosing))
        .transpose()?;
    let evaluation = Evaluation::new(
        model,
        classifier.as_ref(),
        &dataset,
        args.split,
        &predictions,
        choosing.as_ref(),
    )?;
    let pictures = Pictures {
        dataset: &dataset,
        classifier: classifier.as_ref(),
        rows: &rows,
    };
    let galleries = galleries(&predictions, args.with_images.then_some(&pictures))?;
    let page = html::page(&Page {
        title: format!(
            "{} on the {} part of {}",
            name_of(model),
            args.split,
            name_of(&args.data)
        ),
        caveats: words::caveats(args)
            .map(str::to_owned)
            .into_iter()
            .collect(),
        facts: words::facts(&evaluation),
        dataset: &dataset.info,
        metrics: &evaluation.metrics,
        intervals: &evaluation.intervals,
        undefined: &evaluation.undefined,
        analysis: &evaluation.analysis,
        predictions: &predictions,
        galleries: &galleries,
        // Datasets of older versions have no such sheet.
        samples: match args.with_images {
            true => std::fs::read(args.data.join(SAMPLES)).ok(),
            false => None,
        },
    });
    let scored = Scored {
        caption: format!("{} part, {} images", args.split, evaluation.metrics.n),
        text: words::text(args, model, &evaluation),
        metrics: &evaluation.metrics,
        json: serde_json::to_value(&evaluation)?,
        predictions,
        page,
        submission: args.submission,
        next: words::next(args, model),
    };
    scored.publish(draft, &args.out)
}

/// The last part of a path: what a report says of a place on its maker's disk.
fn name_of(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl Args {
    /// The one network of an evaluation without folds.
    fn only_model(&self) -> skinlesion::Result<&Path> {
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

/// Refuses what would make the figures meaningless, and warns of what cannot be checked.
fn refuse_unfair(
    args: &Args,
    dataset: &Dataset,
    classifier: &dyn Classifier,
    session: &Session,
) -> skinlesion::Result<()> {
    evaluation::refuse_other_size(classifier, dataset)?;
    if dataset.part(args.split).is_empty() {
        let remedy = if dataset.info.folds.is_empty() {
            "Name another --split, or prepare the dataset with other shares."
        } else {
            "Its validation parts are its folds: name a checkpoint that was trained with --fold, or see --folds."
        };
        return Err(Error::file(
            &args.data,
            format!("its {} part has no images", args.split),
            remedy,
        ));
    }
    match classifier.about() {
        Some(about) => evaluation::refuse_seen_lesions(about, dataset, args.split),
        None if args.split == Part::Train => Ok(()),
        None => {
            session.warn(&format!(
                "{} lies without the checkpoint.json that `skinlesion export` wrote beside it, so nothing \
                 tells whether it was trained on these very lesions",
                args.models[0].display()
            ));
            Ok(())
        }
    }
}
