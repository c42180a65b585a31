//! What an evaluation says to a person.

use std::path::Path;

use skinlesion::dataset::Split;
use skinlesion::evaluation::Evaluation;
use skinlesion::inference::open;
use skinlesion::{DISCLAIMER, report};

use super::args::Args;

/// What exactly was scored.
pub fn facts(evaluation: &Evaluation) -> Vec<(&'static str, String)> {
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

/// What a person reads.
pub fn text(args: &Args, model: &Path, evaluation: &Evaluation) -> String {
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
pub fn caveats(args: &Args) -> Option<&'static str> {
    match args.split {
        Split::Train => Some(
            "The network was trained on this part: the figures say how well it fits, not how good it is.",
        ),
        Split::Val => Some(
            "Choices were made on this part: the figures flatter. Those of the test part do not.",
        ),
        Split::Test => None,
    }
}

/// Says so if answers were averaged.
pub fn views(args: &Args) -> &'static str {
    if args.tta {
        "Each answer is the mean over the image's 8 symmetric views (--tta).\n"
    } else {
        ""
    }
}

/// The command that a user would most likely run next.
pub fn next(args: &Args, path: &Path) -> String {
    let model = path.display();
    let file = open::locate(path);
    let is_exported = matches!(
        file.extension().and_then(|extension| extension.to_str()),
        Some("onnx" | "pt" | "tflite")
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
