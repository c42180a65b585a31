//! Charts with their legends.

use maud::{Markup, html};

use super::format::{number, picture};
use crate::metrics::binary::Binary;
use crate::metrics::{Metrics, Predictions};
use crate::report::xy::{self, Chart, Series};

/// A chart with its caption above and its legend below.
pub fn with_legend(chart: &Chart) -> Markup {
    html! {
        figure {
            figcaption { (chart.title) }
            (picture(&xy::chart(chart)))
            ul.legend { @for (index, series) in chart.series.iter().enumerate() {
                li { (picture(&xy::sample(index))) (series.name) }
            } }
        }
    }
}

/// ROC and precision–recall curves of all classes.
pub fn curves(predictions: &Predictions, metrics: &Metrics) -> Markup {
    let (mut roc, mut precision_recall) = (Vec::new(), Vec::new());
    for class in predictions.classes.iter() {
        let binary = Binary::any_of(&[class], &predictions.truths, &predictions.probabilities);
        let push = |to: &mut Vec<Series>, points: Option<Vec<(f64, f64)>>, summary| {
            to.push(Series {
                name: format!("{class} {}", number(summary)),
                points: points.unwrap_or_default(),
                strong: class.is_watched(),
                dots: false,
            });
        };
        let auc = metrics.per_class.get(class.code()).and_then(|c| c.auc);
        push(&mut roc, binary.roc(), auc);
        let average_precision = binary.average_precision();
        let points = binary.precision_recall();
        push(&mut precision_recall, points, average_precision);
    }
    html! {
        p { "One class against the rest, with AUC and average precision in the legends."
            @if predictions.classes.melanoma().is_some() { " Watched classes are drawn thicker." } }
        div.charts {
            (with_legend(&Chart {
                title: "ROC curves",
                x_label: "1 − specificity",
                y_label: "sensitivity",
                x: (0.0, 1.0),
                y: (0.0, 1.0),
                reference: &[(0.0, 0.0), (1.0, 1.0)],
                series: &roc,
            }))
            (with_legend(&Chart {
                title: "Precision–recall curves",
                x_label: "recall (sensitivity)",
                y_label: "precision",
                x: (0.0, 1.0),
                y: (0.0, 1.0),
                reference: &[],
                series: &precision_recall,
            }))
        }
    }
}
