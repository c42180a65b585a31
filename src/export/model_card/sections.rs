//! The figures in a model card.

use std::fmt::Write;

use crate::Diagnosis;
use crate::artifact::description::Description;
use crate::dataset::Split;
use crate::evaluation::Evaluation;
use crate::evaluation::analysis::Analysis;
use crate::metrics::subgroups::SubgroupMetric;
use crate::report::text::HEADLINES;

/// What is known without an evaluation: the figures that came with the checkpoint.
pub fn unevaluated(description: &Description) -> String {
    let mut text = "
No evaluation was given (`skinlesion export --evaluation`). On the validation part, which choices were made on, so that the figures flatter:

| | |
|---|---|
"
    .to_owned();
    for (name, words) in HEADLINES {
        if let Some(value) = description.validation.get(name) {
            let _ = writeln!(text, "| {words} | {value:.3} |");
        }
    }
    text
}

/// All that one evaluation found.
pub fn evaluated(evaluation: &Evaluation) -> String {
    let analysis = &evaluation.analysis;
    headlines(evaluation)
        + &operating_points(analysis)
        + &calibration(analysis)
        + &subgroups(analysis)
}

/// The figures of one evaluation, with their intervals.
fn headlines(evaluation: &Evaluation) -> String {
    let metrics = &evaluation.metrics;
    let interval = |name: &str| match evaluation.intervals.get(name) {
        Some([low, high]) => format!("{low:.3} to {high:.3}"),
        None => "–".to_owned(),
    };
    let figure = number;
    let mut text = format!(
        "
On the {} part: {} images of {} lesions{}{}. Intervals hold 95 % of 2,000 bootstrap draws of lesions.

| | value | 95 % interval |
|---|---|---|
",
        evaluation.data.split,
        metrics.n,
        evaluation.data.lesions,
        match evaluation.tta {
            true => ", each answer the mean over 8 symmetric views (`--tta`)",
            false => "",
        },
        match evaluation.data.split {
            Split::Test => "",
            _ => ", on which choices were made, so that the figures flatter",
        },
    );
    for (name, words) in HEADLINES {
        let value = figure(metrics.get(name));
        let _ = writeln!(text, "| {words} | {value} | {} |", interval(name));
    }
    text.push_str("\n| class | images | recall | precision | AUC | 95 % interval of the AUC |\n|---|---|---|---|---|---|\n");
    for class in Diagnosis::ALL {
        let Some(of_class) = metrics.per_class.get(&class) else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {} ({}) | {} | {} | {} | {} | {} |",
            class.code(),
            class.name(),
            of_class.support,
            figure(of_class.recall),
            figure(of_class.precision),
            figure(of_class.auc),
            interval(&format!("per_class.{}.auc", class.code())),
        );
    }
    text
}

fn operating_points(analysis: &Analysis) -> String {
    if analysis.operating_points.is_empty() {
        return String::new();
    }
    let mut text = "\nThresholds chosen on validation for a sensitivity there, and what they do here:\n
| is it | sensitivity wanted | threshold | sensitivity | specificity | precision | referred per one found |
|---|---|---|---|---|---|---|\n"
        .to_owned();
    for point in &analysis.operating_points {
        let _ = writeln!(
            text,
            "| {} | ≥ {:.2} | {:.3} | {} | {} | {} | {} |",
            point.target.words(),
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
    let mut text = "\nBy group, with the gap to all other images (95 % interval):\n
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

fn cells(figure: Option<&SubgroupMetric>) -> String {
    let Some(figure) = figure else {
        return "– | –".to_owned();
    };
    let gap = match (figure.gap, figure.gap_interval) {
        (Some(gap), Some([low, high])) => format!("{gap:+.3} ({low:+.3} to {high:+.3})"),
        (Some(gap), None) => format!("{gap:+.3}"),
        _ => "–".to_owned(),
    };
    format!("{:.3} | {gap}", figure.value)
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.3}"))
}
