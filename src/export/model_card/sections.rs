//! The metrics in a model card.

use std::fmt::Write;

use crate::ClassList;
use crate::artifact::description::{Description, SplitMetrics};
use crate::dataset::part::Part;
use crate::evaluation::analysis::Analysis;
use crate::export::evaluations::ExportEvaluation;
use crate::metrics::bootstrap::{DRAWS, Intervals};
use crate::metrics::decision_metrics::{self, DecisionMetrics};
use crate::metrics::decisions::{Balanced, DecisionRule, Decisions};
use crate::metrics::subgroups::SubgroupMetric;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::report::text::headlines as headline_names;

/// The decision rules in words.
pub fn decision(decisions: &Decisions) -> String {
    let Some(Balanced { tau, .. }) = decisions.balanced else {
        return "the class with the largest probability. No other rule was fitted.".to_owned();
    };
    let default = match decisions.default {
        DecisionRule::Balanced => "`balanced`",
        DecisionRule::Likeliest => "`likeliest`",
    };
    format!(
        "`likeliest` names the class with the largest probability; `balanced` that with the largest\n  \
         ln p − {tau:.2} ln π, where π is the class's prior in training (Menon et al. 2021): rare classes are named\n  \
         earlier. The default is {default}: {}.",
        decisions.reason
    )
}

/// The lesions of training and validation.
pub fn lesions(metadata: &CheckpointMetadata) -> String {
    let training = metadata.seen.training_lesions.len();
    match metadata.seen.validation_lesions.len() {
        0 => format!(
            "{training} lesions for training, and none for validation: the settings were chosen on networks that were\n\
             trained on parts of them. None of them may be used to score the network"
        ),
        validation => format!(
            "{training} lesions for training and {validation} others for validation. Neither may be used to score the\n\
             network"
        ),
    }
}

/// The training images by source, where the checkpoint tells.
pub fn sources(metadata: &CheckpointMetadata) -> String {
    let each = metadata.sources.iter().map(|(source, images)| {
        let name = if source.is_empty() {
            "not named"
        } else {
            source
        };
        format!("{name} {images}")
    });
    let each: Vec<String> = each.collect();
    match each.is_empty() {
        true => String::new(),
        false => format!("\nTraining images by source: {}.\n", each.join(", ")),
    }
}

/// The section without an evaluation: the metrics of the export that this one was made from, or else the validation
/// metrics of the checkpoint.
pub fn unevaluated(description: &Description) -> String {
    if !description.metrics.is_empty() {
        let known = |metrics| known(description.classes, metrics);
        return description.metrics.iter().map(known).collect();
    }
    let mut text = "
No evaluation was given (`skinlesion export --evaluation`). Metrics on the validation split, which are optimistic
because model selection used it:

| | |
|---|---|
"
    .to_owned();
    for (name, words) in headline_names(description.classes) {
        if let Some(value) = description.validation.get(&name) {
            let _ = writeln!(text, "| {words} | {value:.3} |");
        }
    }
    text
}

/// The metrics of one part in `model.json`.
fn known(classes: ClassList, metrics: &SplitMetrics) -> String {
    let mut text = format!(
        "\nOn {} {}{}. Intervals are 95 % bootstrap intervals.\n\n| | value | 95 % interval |\n|---|---|---|\n",
        metrics.images,
        metrics.part.images(),
        caveat(metrics.part),
    );
    for (name, words) in headline_names(classes) {
        if let Some(value) = metrics.figures.get(&name) {
            let interval = interval(&metrics.intervals, &name);
            let _ = writeln!(text, "| {words} | {value:.3} | {interval} |");
        }
    }
    text
}

/// What a reader must know of the metrics on these images.
fn caveat(part: Part) -> &'static str {
    match part {
        Part::Test => "",
        Part::Train => "; it says how well the network fits",
        Part::Val => "; optimistic, because model selection used this split",
        Part::OutOfFold => {
            ".\nEach fold is scored by a network that was trained with the same settings on the other folds. This network was\n\
             trained on all of them, so it cannot be scored on them"
        }
    }
}

fn interval(intervals: &Intervals, name: &str) -> String {
    match intervals.get(name) {
        Some([low, high]) => format!("{low:.3} to {high:.3}"),
        None => "–".to_owned(),
    }
}

/// The section of one evaluation.
pub fn evaluated(evaluation: &ExportEvaluation) -> String {
    let analysis = &evaluation.analysis;
    headlines(evaluation)
        + &decisions(analysis)
        + &operating_points(evaluation)
        + &calibration(analysis)
        + &subgroups(analysis)
}

/// The headline metrics of an evaluation, with confidence intervals.
fn headlines(evaluation: &ExportEvaluation) -> String {
    let metrics = &evaluation.metrics;
    let interval = |name: &str| interval(&evaluation.intervals, name);
    let of = match evaluation.is_external {
        true => " of another dataset than that of its training",
        false => "",
    };
    let mut text = format!(
        "
On {}: {} images of {} lesions{}{}. Intervals are 95 % bootstrap intervals ({DRAWS} resamples of lesions,
or of patients where they are kept whole).

| | value | 95 % interval |
|---|---|---|
",
        match evaluation.part {
            Part::Train => format!("the training split{of}"),
            Part::Val => format!("the validation split{of}"),
            Part::Test => format!("the test split{of}"),
            Part::OutOfFold => format!("{} of the training data", evaluation.folds),
        },
        metrics.n,
        evaluation.lesions,
        match evaluation.tta {
            true => ", probabilities averaged over 8 symmetric views (`--tta`)",
            false => "",
        },
        match evaluation.is_external {
            true => "",
            false => caveat(evaluation.part),
        },
    );
    for (name, words) in headline_names(metrics.classes) {
        let value = number(metrics.get(&name));
        let _ = writeln!(text, "| {words} | {value} | {} |", interval(&name));
    }
    text.push_str("\n| class | images | recall | precision | AUC | 95 % interval of the AUC |\n|---|---|---|---|---|---|\n");
    for class in metrics.classes.iter() {
        let Some(of_class) = metrics.per_class.get(class.code()) else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {} ({}) | {} | {} | {} | {} | {} |",
            class.code(),
            class.name(),
            of_class.support,
            number(of_class.recall),
            number(of_class.precision),
            number(of_class.auc),
            interval(&format!("per_class.{}.auc", class.code())),
        );
    }
    text
}

fn decisions(analysis: &Analysis) -> String {
    let Some((likeliest, balanced)) = (analysis.decisions.as_ref())
        .and_then(|decisions| Some((&decisions.likeliest, decisions.balanced.as_ref()?)))
    else {
        return String::new();
    };
    let mut text = "\nBy decision rule:\n\n| | likeliest | balanced |\n|---|---|---|\n".to_owned();
    for name in decision_metrics::NAMES {
        let cells = [likeliest, balanced].map(|metrics| {
            let interval = metrics.intervals.get(name);
            let interval = interval.map_or_else(String::new, |[low, high]| {
                format!(" ({low:.3} to {high:.3})")
            });
            number(metrics.get(name)) + &interval
        });
        let _ = writeln!(
            text,
            "| {} | {} |",
            name.replace('_', " "),
            cells.join(" | ")
        );
    }
    for class in likeliest.per_class.keys() {
        let recall = |metrics: &DecisionMetrics| {
            number(
                metrics
                    .per_class
                    .get(class)
                    .and_then(|of_class| of_class.recall),
            )
        };
        let (one, other) = (recall(likeliest), recall(balanced));
        let _ = writeln!(text, "| recall of {class} | {one} | {other} |");
    }
    text
}

fn operating_points(evaluation: &ExportEvaluation) -> String {
    let (classes, analysis) = (evaluation.metrics.classes, &evaluation.analysis);
    if analysis.operating_points.is_empty() {
        return String::new();
    }
    let (selected_on, measured) = match evaluation.part {
        Part::OutOfFold => (
            "on all folds",
            "their metrics here, in which each fold has the threshold of the others",
        ),
        Part::Train | Part::Val | Part::Test => ("on validation", "their metrics here"),
    };
    let mut text = format!(
        "\nDecision thresholds selected {selected_on} for a requested sensitivity, and {measured}:\n
| target | requested sensitivity | threshold | sensitivity | specificity | precision | number needed to refer |
|---|---|---|---|---|---|---|\n"
    );
    for point in &analysis.operating_points {
        let _ = writeln!(
            text,
            "| {} | ≥ {:.2} | {:.3} | {} | {} | {} | {} |",
            point.target.words(classes),
            point.wanted_sensitivity,
            point.threshold,
            number(point.scored.sensitivity),
            number(point.scored.specificity),
            number(point.scored.precision),
            (point.scored.referred_per_found).map_or("–".to_owned(), |n| format!("{n:.1}")),
        );
    }
    text
}

fn calibration(analysis: &Analysis) -> String {
    let Some(calibration) = &analysis.calibration else {
        return String::new();
    };
    let now = &calibration.now;
    format!(
        "\nCalibration: expected calibration error {:.3} (equal width) and {:.3} (equal mass), Brier score {:.3}.\n",
        now.ece_equal_width, now.ece_equal_mass, now.brier
    )
}

fn subgroups(analysis: &Analysis) -> String {
    if analysis.subgroups.is_empty() {
        return String::new();
    }
    let mut text = "\nBy subgroup, with the gap to all other images (95 % interval):\n
| group | images | melanomas | balanced accuracy | gap | melanoma recall | gap |
|---|---|---|---|---|---|---|\n"
        .to_owned();
    for group in &analysis.subgroups {
        let cells =
            ["balanced_accuracy", "melanoma_recall"].map(|name| cells(group.figures.get(name)));
        let _ = writeln!(
            text,
            "| {}: {} | {} | {} | {} |",
            group.by,
            group.value,
            group.n,
            group.melanomas,
            cells.join(" | ")
        );
    }
    text
}

fn cells(metric: Option<&SubgroupMetric>) -> String {
    let Some(metric) = metric else {
        return "– | –".to_owned();
    };
    let gap = match (metric.gap, metric.gap_interval) {
        (Some(gap), Some([low, high])) => format!("{gap:+.3} ({low:+.3} to {high:+.3})"),
        (Some(gap), None) => format!("{gap:+.3}"),
        _ => "–".to_owned(),
    };
    format!("{:.3} | {gap}", metric.value)
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.3}"))
}
