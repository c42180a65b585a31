//! The decision rules: metrics of the named class.

use maud::{Markup, html};

use super::format::{interval, number, picture};
use crate::ClassList;
use crate::metrics::Confusion;
use crate::metrics::decision_metrics::{DecisionAnalysis, DecisionMetrics, NAMES, words};
use crate::report::confusion::{Cells, confusion_matrix};

/// Both rules side by side.
pub fn decisions(classes: ClassList, analysis: Option<&DecisionAnalysis>) -> Markup {
    let Some(analysis) = analysis else {
        return html! { p { "Not computed." } };
    };
    let Some(balanced) = &analysis.balanced else {
        return html! { p { "The predicted class is the one with the largest probability. No other rule was fitted
        (skinlesion calibrate)." } };
    };
    html! {
        p { em { "Likeliest" } " names the class with the largest probability p. " em { "Balanced" } " names that with the
            largest ln p − τ ln π, where π is the class's prior in training (Menon et al. 2021). It names classes
            earlier that are rare or have a small weight in the loss: it misses fewer of them, and more of what it names is
            something else. " (tau(&balanced.tau))
            " The default is " em { (analysis.default) } "." }
        div.scroll { table {
            thead { tr {
                th scope="col" { "metric" }
                @for rule in ["likeliest", "95 % interval", "balanced", "95 % interval"] { th scope="col" { (rule) } }
            } }
            tbody { @for name in NAMES { tr.strong[name == "melanoma_recall"] {
                th scope="row" { (words(name)) }
                @for rule in [&analysis.likeliest, balanced] {
                    td { (number(rule.get(name))) }
                    td { (interval(rule.intervals.get(name))) }
                }
            } } }
        } }
        h3 { "Per class" }
        div.scroll { table {
            thead { tr { @for heading in
                ["class", "recall, likeliest", "recall, balanced", "precision, likeliest", "precision, balanced"]
                { th scope="col" { (heading) } } } }
            tbody { @for class in classes.iter() { tr.strong[class.is_watched()] {
                th scope="row" { (class) " – " (class.name()) }
                @for value in per_class(class.code(), [&analysis.likeliest, balanced]) { td { (number(value)) } }
            } } }
        } }
        h3 { "Confusion matrices, normalized by row" }
        div.charts { @for (rule, title) in [(&analysis.likeliest, "Likeliest"), (balanced, "Balanced")] {
            figure { (picture(&confusion_matrix(
                &Confusion::of(classes, &rule.confusion_matrix), Cells::Normalized, title))) }
        } }
    }
}

fn tau(tau: &[f64]) -> String {
    match tau {
        [tau] => format!("τ is {tau:.2}."),
        several => {
            let several: Vec<String> = several.iter().map(|tau| format!("{tau:.2}")).collect();
            format!(
                "τ of each fold, fitted on the others: {}.",
                several.join(", ")
            )
        }
    }
}

/// Recall by each rule, then precision by each rule.
fn per_class(class: &str, rules: [&DecisionMetrics; 2]) -> [Option<f64>; 4] {
    let [one, other] = rules.map(|rule| rule.per_class.get(class));
    [
        one.and_then(|class| class.recall),
        other.and_then(|class| class.recall),
        one.and_then(|class| class.precision),
        other.and_then(|class| class.precision),
    ]
}
