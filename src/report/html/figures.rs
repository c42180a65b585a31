//! Tables of figures.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::format::{interval, number};
use crate::Diagnosis;
use crate::metrics::Metrics;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::isic::{Isic, IsicClass};
use crate::report::text::HEADLINES;

/// The headline figures and those of each class, with their intervals.
pub fn headlines(
    metrics: &Metrics,
    intervals: &Intervals,
    undefined: &BTreeMap<String, String>,
) -> Markup {
    html! {
        div.scroll { table {
            caption { (metrics.n) " images; 95 % intervals by bootstrap over lesions" }
            thead { tr { th scope="col" { "figure" } th scope="col" { "value" } th scope="col" { "95 % interval" } } }
            tbody { @for (name, words) in HEADLINES {
                tr.strong[name == "melanoma_recall"] {
                    th scope="row" { (words) }
                    td { (number(metrics.get(name))) }
                    td { (interval(intervals.get(name))) }
                }
            } }
        } }
        h3 { "By class" }
        div.scroll { table {
            thead { tr {
                @for heading in ["class", "images", "precision", "recall", "F1", "AUC", "95 % interval of the AUC"] { th scope="col" { (heading) } }
            } }
            tbody { @for (class, figures) in &metrics.per_class {
                tr.strong[*class == Diagnosis::Mel] {
                    th scope="row" { (class) " – " (class.name()) }
                    td { (figures.support) }
                    @for figure in [figures.precision, figures.recall, figures.f1, figures.auc] { td { (number(figure)) } }
                    td { (interval(intervals.get(&format!("per_class.{class}.auc")))) }
                }
            } }
        } }
        @if !undefined.is_empty() {
            p.faint { "Undefined on these images:" }
            ul.faint { @for (name, reason) in undefined { li { (name) ": " (reason) } } }
        }
    }
}

type Column = (&'static str, fn(&IsicClass) -> Option<f64>);

const COLUMNS: [Column; 8] = [
    ("sensitivity", |c| c.sensitivity),
    ("specificity", |c| c.specificity),
    ("PPV", |c| c.ppv),
    ("NPV", |c| c.npv),
    ("accuracy", |c| c.accuracy),
    ("AUC", |c| c.auc),
    ("AUC above 80 % sensitivity", |c| c.auc_above_80_sensitivity),
    ("average precision", |c| c.average_precision),
];

/// ISIC's table.
pub fn isic(isic: Option<&Isic>) -> Markup {
    let Some(isic) = isic else {
        return html! { p { "Not computed." } };
    };
    html! {
        p { "What the ISIC challenge of 2018 (task 3) lists. It ranks by balanced multi-class accuracy, here " strong { (number(isic.balanced_accuracy)) }
            ". The first five columns are for a probability of the class above one half, which is not how the confusion matrix decides." }
        div.scroll { table {
            thead { tr { th scope="col" { "class" } @for (heading, _) in COLUMNS { th scope="col" { (heading) } } } }
            tbody { @for (class, figures) in &isic.per_class {
                tr.strong[*class == Diagnosis::Mel] {
                    th scope="row" { (class) }
                    @for (_, figure) in COLUMNS { td { (number(figure(figures))) } }
                }
            } }
        } }
        p.faint { "AUC above 80 % sensitivity is the area under that part of the ROC curve, not rescaled: 1 is perfect, .18 is guessing.
            A dash stands where a figure is 0/0; ISIC's own program counts such a one as 1." }
    }
}
