//! Tables of metrics: headline, per class, ISIC.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::cases::{is_watched, named};
use super::format::{interval, number};
use crate::ClassList;
use crate::metrics::Metrics;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::isic::{Isic, IsicClass};
use crate::report::text;

/// The headline metrics and those of each class, with intervals.
pub fn headlines(
    metrics: &Metrics,
    intervals: &Intervals,
    undefined: &BTreeMap<String, String>,
) -> Markup {
    let classes = metrics.classes;
    html! {
        div.scroll { table {
            caption { (metrics.n) " images; 95 % confidence intervals by bootstrap over lesions or patients" }
            thead { tr { th scope="col" { "metric" } th scope="col" { "value" } th scope="col" { "95 % interval" } } }
            tbody { @for (name, words) in text::headlines(classes) {
                tr.strong[name == "melanoma_recall"] {
                    th scope="row" { (words) }
                    td { (number(metrics.get(&name))) }
                    td { (interval(intervals.get(&name))) }
                }
            } }
        } }
        h3 { "Per class" }
        div.scroll { table {
            thead { tr {
                @for heading in
                    ["class", "images", "precision", "recall", "F1", "AUC", "95 % interval of the AUC"]
                { th scope="col" { (heading) } }
            } }
            tbody { @for (class, of_class) in &metrics.per_class {
                tr.strong[is_watched(classes, class)] {
                    th scope="row" { (named(classes, class)) }
                    td { (of_class.support) }
                    @for value in [of_class.precision, of_class.recall, of_class.f1, of_class.auc] {
                        td { (number(value)) }
                    }
                    td { (interval(intervals.get(&format!("per_class.{class}.auc")))) }
                }
            } }
        } }
        @if !undefined.is_empty() {
            p.faint { "Undefined for these images:" }
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

/// ISIC's metrics of each class.
pub fn isic(classes: ClassList, isic: Option<&Isic>) -> Markup {
    let Some(isic) = isic else {
        return html! { p { "Not computed." } };
    };
    html! {
        p { "Metrics of the ISIC 2018 challenge (task 3). Its ranking metric, balanced multi-class accuracy, is "
            strong { (number(isic.balanced_accuracy)) }
            ". The first five columns use a threshold of ½ on the probability of the class; the confusion matrix uses
            argmax instead." }
        div.scroll { table {
            thead { tr { th scope="col" { "class" } @for (heading, _) in COLUMNS { th scope="col" { (heading) } } } }
            tbody { @for (class, of_class) in &isic.per_class {
                tr.strong[is_watched(classes, class)] {
                    th scope="row" { (class) }
                    @for (_, value) in COLUMNS { td { (number(value(of_class))) } }
                }
            } }
        } }
        p.faint { "AUC above 80 % sensitivity is the area under that part of the ROC curve, not rescaled: 1 is perfect,
            0.18 is chance. A dash means 0/0; ISIC's scoring program counts it as 1." }
    }
}
