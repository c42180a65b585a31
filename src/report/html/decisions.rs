//! Thresholds and what they do: operating points, decision curves, selective prediction.

use maud::{Markup, html};

use super::charts::with_legend;
use super::format::{number, percent};
use crate::evaluation::analysis::Analysis;
use crate::metrics::operating_points::{DecisionCurve, OperatingPoint, Target, ThresholdMetrics};
use crate::metrics::selective::Coverage;
use crate::report::xy::{Chart, Series};

/// Operating points and decision curves.
pub fn operating(analysis: &Analysis) -> Markup {
    html! {
        @if analysis.operating_points.is_empty() {
            p { "None: a threshold must be chosen on other images than it is judged by, and there is no validation part here to choose on." }
        } @else {
            p { "Each threshold is the highest that has the wanted sensitivity on the " em { "validation" } " part. What it does here is what counts; that it has less
                sensitivity here than it was chosen for is to be expected about half of the time." }
            @for question in Target::ALL { (points(question, &analysis.operating_points)) }
        }
        h3 { "Decision curves" }
        p { "Net benefit is the share of people found, less those referred in vain at the odds of the threshold (Vickers & Elkin 2006): whoever refers at 10 %
            accepts nine in vain for one found. The network is worth asking where its line is above referring everybody (grey) and nobody (zero)." }
        div.charts { @for curve in &analysis.decision_curves { (decision_curve(curve)) } }
    }
}

fn points(question: Target, points: &[OperatingPoint]) -> Markup {
    let points: Vec<_> = points.iter().filter(|p| p.target == question).collect();
    html! {
        h3 { (capital(question.words())) }
        @if points.is_empty() { p { "Validation has none to choose a threshold by." } }
        @else {
            div.scroll { table {
                thead { tr { @for heading in ["sensitivity wanted", "threshold", "sensitivity", "specificity", "precision", "missed", "referred", "referred per cancer found", "net benefit", "on validation: sensitivity", "specificity"] {
                    th scope="col" { (heading) }
                } } }
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
        @for figure in [metrics.sensitivity, metrics.specificity, metrics.precision] { td { (number(figure)) } }
        td { (counts.false_negatives) " of " (counts.true_positives + counts.false_negatives) }
        td { (counts.predicted_positive()) " of " (counts.total()) }
        td { (referred.map_or("–".to_owned(), |n| format!("{n:.1}"))) }
        td { (number(metrics.net_benefit)) }
    }
}

fn decision_curve(curve: &DecisionCurve) -> Markup {
    let line = |values: &[f64]| -> Vec<(f64, f64)> {
        curve
            .thresholds
            .iter()
            .copied()
            .zip(values.iter().copied())
            .collect()
    };
    let network = line(&curve.network);
    let most = curve
        .network
        .iter()
        .chain(&curve.everybody)
        .fold(0.01_f64, |a, &b| a.max(b));
    let series = [
        Series {
            name: "the network".into(),
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
        title: &format!("Net benefit: {}", curve.target.words()),
        x_label: "threshold probability",
        y_label: "net benefit per person",
        x: (0.0, 0.6),
        y: (-most / 4.0, most),
        reference: &line(&curve.everybody),
        series: &series,
    })
}

/// Accuracy against coverage.
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
    let least = (coverages.iter())
        .flat_map(|c| [c.accuracy, c.balanced_accuracy])
        .fold(1.0_f64, f64::min);
    html! {
        p { "If the network answers only where it is most certain (by the likeliest class's probability) and hands the rest to a person." }
        div.charts {
            (with_legend(&Chart {
                title: "Accuracy against coverage",
                x_label: "share of images that it answers",
                y_label: "of those, right",
                x: (0.5, 1.0),
                y: (least, 1.0),
                reference: &[],
                series: &series,
            }))
            div.scroll { table {
                thead { tr { @for heading in ["answered", "certainty at least", "accuracy", "balanced accuracy", "melanomas handed on", "melanomas missed"] { th scope="col" { (heading) } } } }
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

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
