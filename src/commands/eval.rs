//! `skinlesion eval`.

mod folds;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use skinlesion::classifier::{self, Classifier};
use skinlesion::dataset::{Dataset, Part};
use skinlesion::evaluation::galleries::{Pictures, galleries};
use skinlesion::evaluation::{self, Evaluation, METRICS_FILE};
use skinlesion::files::{self, Draft};
use skinlesion::metrics::{Confusion, Metrics, Predictions, predictions};
use skinlesion::progress::Progress;
use skinlesion::report::html::{self, Page};
use skinlesion::report::{self, Cells};
use skinlesion::{DISCLAIMER, Error};

use super::{Outcome, Summary};
use crate::terminal::Session;

const REPORT_FILE: &str = "report.txt";
const SUBMISSION_FILE: &str = "submission.csv";

#[derive(clap::Args)]
pub struct Args {
    /// What to score: a checkpoint (file, or folder that `skinlesion train` wrote), an export folder, or an exported
    /// .onnx or .pt file. With --folds, one for each fold
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
        caveats: caveats(args).map(str::to_owned).into_iter().collect(),
        facts: facts(&evaluation),
        dataset: &dataset.info,
        metrics: &evaluation.metrics,
        intervals: &evaluation.intervals,
        undefined: &evaluation.undefined,
        analysis: &evaluation.analysis,
        predictions: &predictions,
        galleries: &galleries,
    });
    let scored = Scored {
        caption: format!("{} part, {} images", args.split, evaluation.metrics.n),
        text: text(args, model, &evaluation),
        metrics: &evaluation.metrics,
        json: serde_json::to_value(&evaluation)?,
        predictions,
        page,
        submission: args.submission,
        next: next(args, model),
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

/// What exactly was scored.
fn facts(evaluation: &Evaluation) -> Vec<(&'static str, String)> {
    let (model, data) = (&evaluation.model, &evaluation.data);
    let proved = match data.proved_unseen {
        true => "yes: none of these lesions was trained on",
        false => "not proved",
    };
    vec![
        (
            "network",
            format!("{}, SHA-256 {}", model.file, model.sha256),
        ),
        (
            "dataset",
            format!("{} part, manifest's SHA-256 {}", data.split, data.manifest),
        ),
        (
            "images",
            format!("{} of {} lesions", evaluation.metrics.n, data.lesions),
        ),
        ("unseen", proved.to_owned()),
        (
            "views",
            if evaluation.tta {
                "mean over 8 symmetric views"
            } else {
                "one"
            }
            .to_owned(),
        ),
    ]
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

/// What a person reads.
fn text(args: &Args, model: &Path, evaluation: &Evaluation) -> String {
    let caveat = caveats(args).map_or_else(String::new, |caveat| format!("{caveat}\n"));
    format!(
        "{model} on the {part} part of {data}: {n} images of {lesions} lesions\n{views}{caveat}\n{figures}\n{DISCLAIMER}\n",
        model = model.display(),
        views = views(args),
        part = args.split,
        data = args.data.display(),
        n = evaluation.metrics.n,
        lesions = evaluation.data.lesions,
        figures = report::text::evaluation(
            &evaluation.metrics,
            &evaluation.intervals,
            &evaluation.undefined
        ),
    )
}

/// Why the figures of a part mislead, if they do.
fn caveats(args: &Args) -> Option<&'static str> {
    match args.split {
        Part::Train => Some(
            "The network was trained on this part: the figures say how well it fits, not how good it is.",
        ),
        Part::Val => Some(
            "Choices were made on this part: the figures flatter. Those of the test part do not.",
        ),
        Part::Test => None,
    }
}

/// Says so if answers were averaged.
fn views(args: &Args) -> &'static str {
    if args.tta {
        "Each answer is the mean over the image's 8 symmetric views (--tta).\n"
    } else {
        ""
    }
}

/// What was found, ready to be written.
struct Scored<'a> {
    metrics: &'a Metrics,
    json: serde_json::Value,
    predictions: Predictions,
    text: String,
    /// The report's page.
    page: String,
    /// Whether ISIC's form is wanted too.
    submission: bool,
    /// What the pictures show, in a few words.
    caption: String,
    next: String,
}

impl Scored<'_> {
    /// Writes all files into the draft of the folder `out`, which appears with them.
    fn publish(self, draft: Draft, out: &Path) -> Outcome {
        let written = self.write(draft.path())?;
        draft.publish()?;
        let place = |path: &PathBuf| out.join(path.file_name().unwrap_or_default());
        Ok(Summary {
            files: written.iter().map(place).collect(),
            text: self.text,
            next: Some(self.next),
            json: self.json,
            failed: false,
        })
    }

    /// Writes all files into a folder and returns them, most important first.
    fn write(&self, folder: &Path) -> skinlesion::Result<Vec<PathBuf>> {
        let path = |name: &str| folder.join(name);
        files::write_json(&path(METRICS_FILE), &self.json)?;
        self.predictions.write(&path(predictions::FILE))?;
        files::write_whole(&path(REPORT_FILE), self.text.as_bytes())?;
        files::write_whole(&path(html::FILE), self.page.as_bytes())?;
        let submission = self.submission.then(|| path(SUBMISSION_FILE));
        if let Some(submission) = &submission {
            self.predictions.write_submission(submission)?;
        }
        let mut written = [html::FILE, METRICS_FILE, REPORT_FILE, predictions::FILE]
            .map(path)
            .to_vec();
        written.extend(submission);

        let confusion = Confusion {
            counts: self.metrics.confusion_matrix,
        };
        for (stem, title, cells) in [
            ("confusion_matrix", "Confusion matrix", Cells::Counts),
            (
                "confusion_matrix_normalized",
                "Confusion matrix by row",
                Cells::Shares,
            ),
        ] {
            let title = format!("{title}: {}", self.caption);
            let svg = report::confusion_matrix(&confusion, cells, &title);
            written.extend(report::write_picture(&path(stem), &svg)?);
        }
        Ok(written)
    }
}

fn next(args: &Args, path: &Path) -> String {
    let model = path.display();
    let file = classifier::locate(path);
    let is_exported = matches!(
        file.extension().and_then(|extension| extension.to_str()),
        Some("onnx" | "pt")
    );
    if is_exported {
        return format!("skinlesion predict --model {model} IMAGE");
    }
    let name = file
        .parent()
        .and_then(Path::file_name)
        .map_or_else(|| "NAME".into(), |name| name.to_string_lossy().into_owned());
    let (data, out) = (args.data.display(), args.out.display());
    format!(
        "skinlesion export --checkpoint {model} --data {data} --evaluation {out} --out exports/{name}"
    )
}
