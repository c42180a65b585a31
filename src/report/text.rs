//! Evaluations as plain text, for the terminal and `report.txt`.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::ClassList;
use crate::evaluation::folds::Folds;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::decision_metrics::{self, DecisionAnalysis, DecisionMetrics};
use crate::metrics::{Metrics, classification_report};

/// The labels of the headline metrics.
const HEADLINES: [(&str, &str); 13] = [
    ("accuracy", "accuracy (top-1)"),
    ("top2_accuracy", "top-2 accuracy"),
    ("top3_accuracy", "top-3 accuracy"),
    ("balanced_accuracy", "balanced accuracy"),
    ("macro_f1", "macro F1"),
    ("weighted_f1", "weighted F1"),
    ("macro_auc", "macro AUC"),
    ("macro_average_precision", "macro avg. prec."),
    ("log_loss", "log loss"),
    ("melanoma_recall", "melanoma recall"),
    ("melanoma_specificity", "melanoma specif."),
    (
        "melanoma_sensitivity_at_90_specificity",
        "mel. sens. at .90",
    ),
    ("melanoma_nevus_auc", "AUC mel. vs. nevus"),
];

/// The headline metrics of a class list with their labels.
pub fn headlines(classes: ClassList) -> Vec<(String, String)> {
    let label = |name: String| {
        let known = HEADLINES.iter().find(|(known, _)| *known == name);
        let label = known.map_or_else(
            || name.replace('_', " of "),
            |(_, label)| (*label).to_owned(),
        );
        (name, label)
    };
    Metrics::names(classes).into_iter().map(label).collect()
}

/// Confusion matrix, classification report, headline metrics with intervals, and the reasons for undefined metrics.
pub fn evaluation(
    metrics: &Metrics,
    intervals: &Intervals,
    undefined: &BTreeMap<String, String>,
) -> String {
    let (classes, confusion) = (metrics.classes, metrics.confusion());
    let mut text = format!(
        "Confusion matrix (rows: truth, columns: prediction)\n{}\n\
         Normalized by row\n{}\n\
         Classification report\n{}\n\
         Headline metrics{}\n",
        confusion.counts_text(),
        confusion.normalized_text(),
        classification_report(&confusion, &confusion.labels()),
        if intervals.is_empty() {
            ""
        } else {
            " [95 % confidence intervals by bootstrap over lesions or patients]"
        },
    );
    let interval = |name: &str| {
        let ends = intervals.get(name);
        ends.map_or(String::new(), |[low, high]| {
            format!("  [{low:.3}, {high:.3}]")
        })
    };
    for (name, label) in headlines(classes) {
        let value = number(metrics.get(&name));
        let _ = writeln!(text, "  {label:<18} {value}{}", interval(&name));
    }
    let aucs = classes.iter().map(|class| {
        let of_class = metrics.per_class.get(class.code());
        format!(
            "{class} {}",
            number(of_class.and_then(|figures| figures.auc))
        )
    });
    text.push_str(&folded("  AUC, one class against the rest:", aucs));
    if !undefined.is_empty() {
        text.push_str(
            "\nUndefined for these images (null in metrics.json, 0.00 in the report above)\n",
        );
        for (name, reason) in undefined {
            let _ = writeln!(text, "  {name}: {reason}");
        }
    }
    text
}

/// A heading and items after it, on lines of at most 80 columns.
fn folded(heading: &str, items: impl IntoIterator<Item = String>) -> String {
    let (mut text, mut column) = (heading.to_owned(), heading.len());
    for item in items {
        if column + 2 + item.len() > 80 {
            text.push_str("\n  ");
            column = 2;
        }
        let _ = write!(text, "  {item}");
        column += 2 + item.len();
    }
    text + "\n"
}

/// The metrics of both decision rules, side by side; empty if only the likeliest class is known.
pub fn decisions(analysis: Option<&DecisionAnalysis>) -> String {
    let Some((analysis, balanced)) =
        analysis.and_then(|analysis| Some((analysis, analysis.balanced.as_ref()?)))
    else {
        return String::new();
    };
    let likeliest = &analysis.likeliest;
    let mut text = format!(
        "Decision rules (the default is {})\n  {:18} {:>24} {:>24}\n",
        analysis.default, "", "likeliest", "balanced"
    );
    for name in decision_metrics::NAMES {
        let cell = |rule: &DecisionMetrics| {
            let interval = rule.intervals.get(name);
            let interval =
                interval.map_or_else(String::new, |[low, high]| format!(" [{low:.3}, {high:.3}]"));
            number(rule.get(name)) + &interval
        };
        let _ = writeln!(
            text,
            "  {:18} {:>24} {:>24}",
            decision_metrics::words(name),
            cell(likeliest),
            cell(balanced)
        );
    }
    for class in likeliest.per_class.keys() {
        let recall = |rule: &DecisionMetrics| {
            number(
                rule.per_class
                    .get(class)
                    .and_then(|of_class| of_class.recall),
            )
        };
        let label = format!("recall of {class}");
        let _ = writeln!(
            text,
            "  {label:18} {:>24} {:>24}",
            recall(likeliest),
            recall(balanced)
        );
    }
    let tau: Vec<String> = balanced.tau.iter().map(|tau| format!("{tau:.2}")).collect();
    let _ = writeln!(
        text,
        "  balanced: the largest ln p − τ ln π (π: prior in training); τ = {}\n",
        tau.join(", ")
    );
    text
}

/// The headline metrics of each fold, with mean and standard deviation.
pub fn folds(folds: &Folds) -> String {
    let mut text = format!("Single folds\n  {:18}", "");
    for fold in &folds.each {
        let _ = write!(text, " {:>9}", format!("fold {}", fold.fold));
    }
    let _ = writeln!(text, " {:>9} {:>9}", "mean", "st. dev.");
    let _ = write!(text, "  {:18}", "images");
    for fold in &folds.each {
        let _ = write!(text, " {:>9}", fold.metrics.n);
    }
    text.push('\n');
    let classes = folds.each.first().map(|fold| fold.metrics.classes);
    for (name, label) in classes.map(headlines).unwrap_or_default() {
        let _ = write!(text, "  {label:18}");
        let each = folds.each.iter().map(|fold| fold.metrics.get(&name));
        let over_folds = [&folds.mean, &folds.standard_deviation];
        let over_folds = over_folds.map(|values| values.get(&name).copied().flatten());
        for value in each.chain(over_folds) {
            let _ = write!(text, " {:>9}", number(value));
        }
        text.push('\n');
    }
    text
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "undefined".to_owned(), |value| format!("{value:.4}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headlines_are_the_named_metrics() {
        assert_eq!(HEADLINES.map(|(name, _)| name).as_slice(), Metrics::NAMES);
    }

    #[test]
    fn a_list_of_many_items_is_folded_at_80_columns() {
        let items = (0..30).map(|item| format!("class-{item} 0.5"));
        let text = folded("  AUC:", items);
        assert_eq!(text.split_whitespace().count(), 61);
        assert!(text.lines().count() > 4, "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert_eq!(
            folded("  AUC:", ["mel 0.5".to_owned()]),
            "  AUC:  mel 0.5\n"
        );
    }
}
