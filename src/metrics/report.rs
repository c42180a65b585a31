//! The classification report, identical to the output of scikit-learn's `classification_report`.
//!
//! One difference: if no prediction is correct, scikit-learn prints supports with decimals (`9.0`).

use std::fmt::Write;

use super::confusion::{Confusion, ratio};
use crate::Class;

/// Precision, recall, F1 and support.
type Row = (f64, f64, f64, usize);

/// The report over `labels`, usually [`Confusion::labels`], with two decimals and 0/0 = 0.
///
/// If `labels` omits a class that occurs, a micro average over `labels` replaces the accuracy line, because the two
/// then differ.
pub fn classification_report(confusion: &Confusion, labels: &[Class]) -> String {
    let rows: Vec<Row> = labels
        .iter()
        .map(|&class| {
            (
                confusion.precision(class),
                confusion.recall(class),
                confusion.f1(class),
                confusion.support(class),
            )
        })
        .collect();
    let support: usize = rows.iter().map(|row| row.3).sum();

    let mut text = format!("{:>12} ", "");
    for heading in ["precision", "recall", "f1-score", "support"] {
        let _ = write!(text, " {heading:>9}");
    }
    text.push_str("\n\n");
    for (class, row) in labels.iter().zip(&rows) {
        write_row(&mut text, class.code(), row);
    }
    text.push('\n');
    if confusion
        .labels()
        .iter()
        .all(|class| labels.contains(class))
    {
        let accuracy = confusion.accuracy().unwrap_or(0.0);
        let _ = writeln!(
            text,
            "{:>12}  {:9} {:9} {accuracy:>9.2} {support:>9}",
            "accuracy", "", ""
        );
    } else {
        write_row(&mut text, "micro avg", &micro(confusion, labels));
    }
    let plain = average(&rows, |_| 1.0);
    write_row(&mut text, "macro avg", &plain);
    let weighted = average(&rows, |row| row.3 as f64);
    write_row(&mut text, "weighted avg", &weighted);
    text
}

fn write_row(text: &mut String, name: &str, (precision, recall, f1, support): &Row) {
    let _ = writeln!(
        text,
        "{name:>12}  {precision:>9.2} {recall:>9.2} {f1:>9.2} {support:>9}"
    );
}

/// Micro average: the metrics of the summed counts.
fn micro(confusion: &Confusion, labels: &[Class]) -> Row {
    let sum = |count: fn(&Confusion, Class) -> usize| -> usize {
        labels.iter().map(|&class| count(confusion, class)).sum()
    };
    let (hits, predicted) = (sum(Confusion::hits), sum(Confusion::predicted));
    let support = sum(Confusion::support);
    (
        ratio(hits, predicted),
        ratio(hits, support),
        ratio(2 * hits, predicted + support),
        support,
    )
}

/// Weighted mean of the rows; zero if all weights are zero.
fn average(rows: &[Row], weight: impl Fn(&Row) -> f64) -> Row {
    let total: f64 = rows.iter().map(&weight).sum();
    let mean = |value: fn(&Row) -> f64| {
        let sum: f64 = rows.iter().map(|row| value(row) * weight(row)).sum();
        if total > 0.0 { sum / total } else { 0.0 }
    };
    (
        mean(|row| row.0),
        mean(|row| row.1),
        mean(|row| row.2),
        rows.iter().map(|row| row.3).sum(),
    )
}
