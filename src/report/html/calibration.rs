//! Calibration: the reliability diagram, ECE and Brier score.

use maud::{Markup, html};

use super::charts::with_legend;
use super::format::number;
use crate::evaluation::analysis::CalibrationAnalysis;
use crate::metrics::calibration::{BINS, Calibration};
use crate::report::xy::{Chart, Series};

/// The minimum number of images of a point in the reliability diagram.
const MIN_IMAGES: usize = 5;

/// The reliability diagram and the calibration errors.
pub fn calibration(analysis: Option<&CalibrationAnalysis>) -> Markup {
    let Some(analysis) = analysis else {
        return html! { p { "Not computed." } };
    };
    let line = |name: &str, strong, of: &Calibration| Series {
        name: name.to_owned(),
        points: (of.bins.iter())
            .filter(|bin| bin.n >= MIN_IMAGES)
            .map(|bin| (bin.confidence, bin.accuracy))
            .collect(),
        strong,
        dots: true,
    };
    let mut series = vec![line("as predicted", true, &analysis.now)];
    let mut rows = vec![("as predicted", &analysis.now)];
    if let Some(without) = &analysis.without_temperature {
        series.push(line("without the temperature", false, without));
        rows.push(("without the temperature", without));
    }
    html! {
        p { "With perfect calibration, 80 % of the predictions with a confidence of 80 % are correct. Below the diagonal
            the network is overconfident, above it underconfident. Points of fewer than " (MIN_IMAGES)
            " images are omitted." }
        @match analysis.temperature {
            Some(temperature) => p {
                "Logits are divided by a temperature of " strong { (number(Some(temperature))) }
                ", fitted on images outside the network's training (Guo 2017)."
            },
            None => p {
                "No temperature was fitted, or none applies to these predictions. "
                code { "skinlesion calibrate" } " fits one."
            },
        }
        div.charts {
            (with_legend(&Chart {
                title: "Reliability",
                x_label: "confidence (probability of the predicted class)",
                y_label: "accuracy",
                x: (0.0, 1.0),
                y: (0.0, 1.0),
                reference: &[(0.0, 0.0), (1.0, 1.0)],
                series: &series,
            }))
            div.scroll {
                table {
                    thead { tr { @for heading in ["", "ECE, equal width", "ECE, equal mass", "Brier score"] {
                        th scope="col" { (heading) }
                    } } }
                    tbody { @for (name, of) in rows { tr {
                        th scope="row" { (name) }
                        @for value in [of.ece_equal_width, of.ece_equal_mass, of.brier] {
                            td { (number(Some(value))) }
                        }
                    } } }
                }
                p.faint { "ECE: expected calibration error, the mean gap between confidence and accuracy over " (BINS)
                    " bins. Brier score: squared differences between probabilities and truth, summed over the classes (0
                    is perfect, 2 is worst)." }
            }
        }
    }
}
