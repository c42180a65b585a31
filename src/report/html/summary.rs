//! The summary: what the metrics say, in words, beside the confusion matrix.

use maud::{Markup, html};

use super::format::{interval, number, percent, picture};
use crate::ClassList;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::operating_points::OperatingPoint;
use crate::metrics::{Confusion, Metrics};
use crate::report::confusion::{Cells, confusion_matrix};

/// The target sensitivity of the operating point in the summary.
const SENSITIVITY: f64 = 0.90;

/// Sentences and the normalized confusion matrix, side by side where there is room.
pub fn summary(metrics: &Metrics, intervals: &Intervals, points: &[OperatingPoint]) -> Markup {
    let confusion = metrics.confusion();
    let classes = confusion.classes();
    let interval_of = |name: &str| match interval(intervals.get(name)).as_str() {
        "" => String::new(),
        ends => format!(" (95 % interval {ends})"),
    };
    html! {
        div.summary {
            div {
                p { strong { (verdict(intervals, classes)) } }
                ul {
                    @if let Some(accuracy) = confusion.accuracy() {
                        li { (percent(accuracy)) " of " (confusion.total()) " images get their true class: accuracy "
                            (number(Some(accuracy))) (interval_of("accuracy")) ". " (baseline(&confusion)) }
                    }
                    @if let Some(balanced) = confusion.balanced_accuracy() {
                        li { "Balanced accuracy, the mean recall of the classes, is " (number(Some(balanced)))
                            (interval_of("balanced_accuracy")) "; chance is " (number(Some(1.0 / classes.len() as f64))) "." }
                    }
                    @for class in classes.watched().filter(|&class| confusion.support(class) > 0) {
                        li { "Of " (confusion.support(class)) " images of " (class.name()) ", "
                            (confusion.hits(class)) " are named so by the largest probability, and " strong { (confusion.support(class) - confusion.hits(class))
                            " are missed" } "." }
                    }
                    @for point in points.iter().filter(|point| point.wanted_sensitivity == SENSITIVITY) {
                        li { (operating_point(classes, point)) }
                    }
                }
            }
            figure { (picture(&confusion_matrix(&confusion, Cells::Normalized, "Confusion matrix, normalized by row"))) }
        }
    }
}

/// Whether the network is better than chance, by the interval of its balanced accuracy.
fn verdict(intervals: &Intervals, classes: ClassList) -> &'static str {
    let chance = 1.0 / classes.len() as f64;
    match intervals.get("balanced_accuracy") {
        None => "There are too few images for a verdict.",
        Some([low, _]) if *low > chance => "The network is better than chance on these images.",
        Some([_, high]) if *high < chance => "The network is worse than chance on these images.",
        Some(_) => "These images do not show that the network is better than chance.",
    }
}

/// What naming the most frequent class would reach.
fn baseline(confusion: &Confusion) -> String {
    let most = (confusion.classes().iter()).max_by_key(|&class| confusion.support(class));
    most.map_or_else(String::new, |class| {
        let share = confusion.support(class) as f64 / confusion.total().max(1) as f64;
        format!("Naming them all {class} would reach {share:.3}.")
    })
}

fn operating_point(classes: ClassList, point: &OperatingPoint) -> Markup {
    let counts = point.scored.counts;
    let positives = counts.true_positives + counts.false_negatives;
    html! {
        "At the threshold for a sensitivity of " (percent(point.wanted_sensitivity)) " for "
        (point.target.words(classes)) ", chosen on other images, " (counts.true_positives) " of " (positives)
        " are found and " (counts.predicted_positive()) " of " (counts.total()) " images referred"
        @if let Some(each) = point.scored.referred_per_found { ", " (format!("{each:.1}")) " for each one found" }
        "."
    }
}
