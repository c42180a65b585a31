//! The text of an evaluation.

use std::path::Path;

use skinlesion::artifact::exported_file::is_exported;
use skinlesion::dataset::Split;
use skinlesion::evaluation::Evaluation;
use skinlesion::inference::open;
use skinlesion::{DISCLAIMER, report};

use super::args::Args;
use crate::terminal::shell;

/// The network and the images that were evaluated.
pub fn facts(evaluation: &Evaluation) -> Vec<(&'static str, String)> {
    let (model, data) = (&evaluation.model, &evaluation.data);
    let proved = match (data.proved_unseen, data.split) {
        (_, Split::Train) => "no: the network was trained on these images",
        (true, _) => "yes: none of these lesions was trained on",
        (false, _) => "unknown",
    };
    vec![
        (
            "network",
            format!("{}, SHA-256 {}", model.file, model.sha256),
        ),
        (
            "dataset",
            format!(
                "{} split, SHA-256 of the manifest {}",
                data.split, data.manifest
            ),
        ),
        (
            "images",
            format!("{} of {}", evaluation.metrics.n, data.lesions_in_words()),
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
        (
            "novelty",
            (evaluation.novelty).map_or_else(
                || "the network has no novelty score".to_owned(),
                |flagged| flagged.in_words(),
            ),
        ),
    ]
}

/// The summary.
pub fn text(args: &Args, model: &Path, evaluation: &Evaluation) -> String {
    let caveat = caveats(args).map_or_else(String::new, |caveat| format!("{caveat}\n"));
    format!(
        "{model} on the {split} split of {data}: {n} images of {lesions}\n{views}{caveat}\n{metrics}\n{decisions}{novelty}{DISCLAIMER}\n",
        model = model.display(),
        views = views(args),
        split = args.split,
        data = args.data.display(),
        n = evaluation.metrics.n,
        lesions = evaluation.data.lesions_in_words(),
        metrics = report::text::evaluation(
            &evaluation.metrics,
            &evaluation.intervals,
            &evaluation.undefined
        ),
        decisions = report::text::decisions(evaluation.analysis.decisions.as_ref()),
        novelty = (evaluation.novelty).map_or_else(String::new, |flagged| {
            format!("Novelty: {}.\n\n", flagged.in_words())
        }),
    )
}

/// Why the metrics of a split are optimistic, if they are.
pub fn caveats(args: &Args) -> Option<&'static str> {
    match args.split {
        Split::Train => Some(
            "The network was trained on this split: the metrics say how well it fits, not how well it generalizes.",
        ),
        Split::Val => Some(
            "Choices were made on this split, so the metrics are optimistic. Those of the test split are not.",
        ),
        Split::Test => None,
    }
}

/// Says whether test-time augmentation was used.
pub fn views(args: &Args) -> &'static str {
    if args.tta {
        "Probabilities are means over the 8 symmetric views of each image (--tta).\n"
    } else {
        ""
    }
}

/// The command that a user would most likely run next.
pub fn next(args: &Args, path: &Path) -> String {
    let model = shell::quoted_path(path);
    let file = open::locate(path);
    if is_exported(&file) {
        return format!("skinlesion benchmark {model}");
    }
    let name = args.data.canonicalize().unwrap_or_default();
    let export = Path::new("exports").join(name.file_name().unwrap_or_default());
    let [data, out, export] = [&args.data, &args.out, &export].map(|path| shell::quoted_path(path));
    format!(
        "skinlesion export --checkpoint {model} --data {data} --evaluation {out} --out {export}"
    )
}
