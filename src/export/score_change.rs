//! The figures of an exported file on labelled images, and how they differ from the checkpoint's.

use super::images::Images;
use crate::artifact::check::{BalancedScore, Score};
use crate::metrics::decisions::{DecisionRule, Decisions, adjusted};
use crate::metrics::{self, Metrics};
use crate::probabilities::Probabilities;

/// The figures from the file's probabilities, `found`, and their differences from those of `expected`. None without
/// labels.
pub fn score(
    images: &Images,
    expected: &[Probabilities],
    found: &[Probabilities],
    decisions: &Decisions,
) -> Option<Score> {
    let (classes, truths) = (images.truths.classes, &images.truths.truths);
    if truths.is_empty() {
        return None;
    }
    let both = |rows: [&[Probabilities]; 2]| rows.map(|rows| metrics::score(classes, truths, rows));
    let [before, after] = both([expected, found]);
    Some(Score {
        accuracy: after.accuracy,
        balanced_accuracy: after.balanced_accuracy,
        melanoma_recall: after.get("melanoma_recall"),
        balanced_accuracy_change: change(&before, &after, "balanced_accuracy"),
        melanoma_recall_change: change(&before, &after, "melanoma_recall"),
        balanced: decisions.offsets(DecisionRule::Balanced).map(|offsets| {
            let adjust = |rows: &[Probabilities]| -> Vec<_> {
                rows.iter().map(|row| adjusted(row, offsets)).collect()
            };
            let [before, after] = both([&adjust(expected), &adjust(found)]);
            BalancedScore {
                balanced_accuracy: after.balanced_accuracy,
                melanoma_recall: after.get("melanoma_recall"),
                balanced_accuracy_change: change(&before, &after, "balanced_accuracy"),
                melanoma_recall_change: change(&before, &after, "melanoma_recall"),
            }
        }),
    })
}

/// The difference of a metric; none where either is undefined.
fn change(before: &Metrics, after: &Metrics, name: &str) -> Option<f64> {
    Some(after.get(name)? - before.get(name)?)
}
