//! Threshold metrics: operating points, decision curves, selective prediction.

use maud::{Markup, html};

use super::charts::with_legend;
use super::format::{number, percent};
use crate::ClassList;
use crate::evaluation::analysis::Analysis;
use crate::metrics::operating_points::{DecisionCurve, OperatingPoint, Target, ThresholdMetrics};
use crate::metrics::selective::Coverage;
use crate::report::xy::{Chart, Series};

/// Operating points and decision curves.
pub fn operating(classes: ClassList, analysis: &Analysis) -> Markup {
    html! {
        @if analysis.operating_points.is_empty() {
            p { "None: a threshold must be selected on other images than it is evaluated on, and there is no validation
                split to select it on." }
        } @else {
            p { "Each threshold is the highest that reaches the target sensitivity on the " em { "validation" } " split,
                and in cross-validation on the other folds. The metrics are those on the images scored here. About half of the time the sensitivity is below the
                target." }
            @for target in Target::all(classes) { (points(classes, &target, &analysis.operating_points)) }
        }
        h3 { "Decision curves" }
        p { "Net benefit is true positives per patient minus false positives per patient × the odds of the threshold
            (Vickers & Elkin 2006). A threshold of 10 % accepts nine unnecessary referrals for each cancer found. The
            network is useful where its curve is above referring everybody (grey) and nobody (zero)." }
        div.charts { @for curve in &analysis.decision_curves { (decision_curve(classes, curve)) } }
    }
}

/// The columns of an operating point.
const POINT_COLUMNS: [&str; 11] = [
    "target sensitivity",
    "threshold",
    "sensitivity",
    "specificity",
    "precision",
    "missed",
    "referred",
    "number needed to refer",
    "net benefit",
    "validation sensitivity",
    "validation specificity",
];

fn points(classes: ClassList, target: &Target, points: &[OperatingPoint]) -> Markup {
    let points: Vec<_> = points.iter().filter(|p| p.target == *target).collect();
    html! {
        h3 { (capitalized(&target.words(classes))) }
        @if points.is_empty() { p { "The validation split has no positives to select a threshold on." } }
        @else {
            div.scroll { table {
                thead { tr { @for heading in POINT_COLUMNS { th scope="col" { (heading) } } } }
                tbody { @for point in points { tr {
                    th scope="row" { "≥ " (percent(point.wanted_sensitivity)) }
                    td { (number(Some(point.threshold))) }
                    (metrics(&point.scored))
                    td { (number(point.chosen_on.sensitivity)) }
                    td { (number(point.chosen_on.specificity)) }
                } } }
            } }
        }
    }
}

fn metrics(metrics: &ThresholdMetrics) -> Markup {
    let counts = metrics.counts;
    let referred = metrics.referred_per_found;
    html! {
        @for value in [metrics.sensitivity, metrics.specificity, metrics.precision] { td { (number(value)) } }
        td { (counts.false_negatives) " of " (counts.true_positives + counts.false_negatives) }
        td { (counts.predicted_positive()) " of " (counts.total()) }
        td { (referred.map_or("–".to_owned(), |n| format!("{n:.1}"))) }
        td { (number(metrics.net_benefit)) }
    }
}

fn decision_curve(classes: ClassList, curve: &DecisionCurve) -> Markup {
    let line = |values: &[f64]| -> Vec<(f64, f64)> {
        curve
            .thresholds
            .iter()
            .copied()
            .zip(values.iter().copied())
            .collect()
    };
    let network = line(&curve.network);
    let max = curve
        .network
        .iter()
        .chain(&curve.everybody)
        .fold(0.01_f64, |a, &b| a.max(b));
    let series = [
        Series {
            name: "network".into(),
            points: network,
            strong: true,
            dots: false,
        },
        Series {
            name: "refer nobody".into(),
            points: vec![(0.0, 0.0), (0.6, 0.0)],
            strong: false,
            dots: false,
        },
    ];
    with_legend(&Chart {
        title: &format!("Net benefit: {}", curve.target.words(classes)),
        x_label: "threshold probability",
        y_label: "net benefit per patient",
        x: (0.0, 0.6),
        y: (-max / 4.0, max),
        reference: &line(&curve.everybody),
        series: &series,
    })
}

/// The columns of a coverage.
const COVERAGE_COLUMNS: [&str; 6] = [
    "coverage",
    "minimum confidence",
    "accuracy",
    "balanced accuracy",
    "melanomas referred",
    "melanomas missed",
];

/// Selective prediction: accuracy by coverage.
pub fn selective(coverages: &[Coverage]) -> Markup {
    let line = |name: &str, strong, of: fn(&Coverage) -> f64| Series {
        name: name.to_owned(),
        points: coverages.iter().map(|c| (c.coverage, of(c))).collect(),
        strong,
        dots: true,
    };
    let series = [
        line("accuracy", true, |c| c.accuracy),
        line("balanced accuracy", false, |c| c.balanced_accuracy),
    ];
    let min = (coverages.iter())
        .flat_map(|c| [c.accuracy, c.balanced_accuracy])
        .fold(1.0_f64, f64::min);
    html! {
        p { "Metrics if the network decides only the most confident images and refers all others to a person. Confidence
            is the probability of the predicted class." }
        div.charts {
            (with_legend(&Chart {
                title: "Accuracy by coverage",
                x_label: "coverage (share of images not referred)",
                y_label: "accuracy",
                x: (0.5, 1.0),
                y: (min, 1.0),
                reference: &[],
                series: &series,
            }))
            div.scroll { table {
                thead { tr { @for heading in COVERAGE_COLUMNS { th scope="col" { (heading) } } } }
                tbody { @for c in coverages.iter().rev() { tr {
                    th scope="row" { (percent(c.coverage)) }
                    td { (number(Some(c.least_confidence))) }
                    td { (number(Some(c.accuracy))) }
                    td { (number(Some(c.balanced_accuracy))) }
                    td { (c.melanomas_handed_on) }
                    td { (c.melanomas_missed) }
                } } }
            } }
        }
    }
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
