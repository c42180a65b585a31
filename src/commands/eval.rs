//! `skinlesion eval`.

mod args;
mod folds;
mod messages;
mod output;

use skinlesion::Error;
use skinlesion::dataset::folds::TrainingFolds;
use skinlesion::dataset::{Dataset, Split};
use skinlesion::evaluation::{self, Evaluation, FOLDER_FILES, leakage};
use skinlesion::files::AtomicFolder;
use skinlesion::inference::classifier::Classifier;
use skinlesion::inference::open;
use skinlesion::progress::Progress;
use skinlesion::report::galleries::{Pictures, galleries};
use skinlesion::report::html::{self, Page};
use skinlesion::report::samples;

use super::no_digests;

use self::args::name_of;
use self::output::Scored;
use crate::terminal::{Outcome, Session};

pub use self::args::Args;

pub fn run(args: &Args, session: &Session) -> Outcome {
    if args.folds {
        return folds::run(args, session);
    }
    let model = args.only_model()?;
    let draft = AtomicFolder::new(&args.out, args.force, &FOLDER_FILES)?;
    let dataset = Dataset::open(&args.data)?.in_sources(&args.sources)?;
    let classifier = open::open_with(model, args.options(session.device()?))?;
    no_digests::note_network(model, session);
    no_digests::note_dataset(&args.data, &dataset.info, session);
    let dataset = evaluation::as_trained(dataset, classifier.metadata())?;
    refuse_unfair(args, &dataset, classifier.as_ref(), session)?;

    let rows = dataset.split_rows(args.split);
    let batch = args.batch_size.get();
    let answer = |rows: &[usize]| {
        evaluation::score_split(classifier.as_ref(), &dataset, rows, batch, session)
    };
    let (predictions, novelty) = answer(&rows)?;
    let thresholds_on = evaluation::threshold_rows(classifier.metadata(), &dataset, args.split);
    let thresholds_on = (!thresholds_on.is_empty())
        .then(|| answer(&thresholds_on))
        .transpose()?
        .map(|(predictions, _)| predictions);
    let evaluation = Evaluation::new(
        model,
        classifier.as_ref(),
        &dataset,
        args.split,
        &predictions,
        novelty.as_deref(),
        thresholds_on.as_ref(),
    )?;
    let pictures = Pictures {
        dataset: &dataset,
        classifier: classifier.as_ref(),
        rows: &rows,
    };
    let galleries = galleries(&predictions, args.with_images.then_some(&pictures))?;
    let page = html::page(&Page {
        title: format!(
            "{} on the {} split of {}",
            name_of(model),
            args.split,
            name_of(&args.data)
        ),
        caveats: self::messages::caveats(args)
            .map(str::to_owned)
            .into_iter()
            .collect(),
        facts: self::messages::facts(&evaluation),
        dataset: &dataset.info,
        metrics: &evaluation.metrics,
        intervals: &evaluation.intervals,
        undefined: &evaluation.undefined,
        analysis: &evaluation.analysis,
        predictions: &predictions,
        galleries: &galleries,
        // Datasets of older versions have no such sheet.
        samples: match args.with_images {
            true => std::fs::read(args.data.join(samples::FILE)).ok(),
            false => None,
        },
    });
    let scored = Scored {
        caption: format!("{} split, {} images", args.split, evaluation.metrics.n),
        text: self::messages::text(args, model, &evaluation),
        metrics: &evaluation.metrics,
        json: serde_json::to_value(&evaluation)?,
        predictions,
        page,
        submission: args.submission,
        next: self::messages::next(args, model),
    };
    scored.publish(draft, &args.out)
}

/// Refuses an evaluation that would be meaningless, and warns of leakage that cannot be checked.
fn refuse_unfair(
    args: &Args,
    dataset: &Dataset,
    classifier: &dyn Classifier,
    session: &Session,
) -> skinlesion::Result<()> {
    dataset.refuse_other_resize(classifier.resize(), "the network")?;
    if dataset.split_rows(args.split).is_empty() {
        let remedy = match dataset.training_folds() {
            _ if dataset.info.folds.is_empty() => {
                "Name another --split, or prepare the dataset with other fractions."
            }
            _ if !args.sources.is_empty() => "Name other sources, or leave --source out.",
            Some(TrainingFolds::AllBut(_)) if args.split != Split::Val => {
                "Evaluate the network on its fold with --split val, or the networks of all folds with --folds."
            }
            _ => {
                "Its validation splits are its folds: name a checkpoint that was trained with --fold, or use --folds."
            }
        };
        return Err(Error::file(
            &args.data,
            format!("its {} split has no images", args.split),
            remedy,
        ));
    }
    match classifier.metadata() {
        Some(metadata) => {
            if args.split != Split::Train && leakage::is_blind_to_images(metadata, dataset) {
                session.warn(&format!(
                    "{} was written by an older version and lists the lesions that it was trained on, not the images: \
                     that it has not seen the same images under other lesion ids is not checked",
                    args.models[0].display()
                ));
            }
            leakage::refuse_seen_lesions(metadata, dataset, args.split)
        }
        None if args.split == Split::Train => Ok(()),
        None => {
            session.warn(&format!(
                "{} has no checkpoint.json beside it, which `skinlesion export` wrote, so it is unknown whether it was \
                 trained on these lesions",
                args.models[0].display()
            ));
            Ok(())
        }
    }
}
