//! Whether probabilities can be taken at their word.

use maud::{Markup, html};

use super::charts::with_legend;
use super::format::number;
use crate::evaluation::analysis::CalibrationAnalysis;
use crate::metrics::calibration::{BINS, Calibration};
use crate::report::xy::{Chart, Series};

/// A point of fewer images than this would show chance.
const FEWEST: usize = 5;

/// The reliability diagram and the errors.
pub fn calibration(figures: Option<&CalibrationAnalysis>) -> Markup {
    let Some(figures) = figures else {
        return html! { p { "Not computed." } };
    };
    let line = |name: &str, strong, of: &Calibration| Series {
        name: name.to_owned(),
        points: (of.bins.iter())
            .filter(|bin| bin.n >= FEWEST)
            .map(|bin| (bin.confidence, bin.accuracy))
            .collect(),
        strong,
        dots: true,
    };
    let mut series = vec![line("these answers", true, &figures.now)];
    let mut rows = vec![("these answers", &figures.now)];
    if let Some(without) = &figures.without_temperature {
        series.push(line("without the temperature", false, without));
        rows.push(("without the temperature", without));
    }
    html! {
        p { "Of the answers given with 80 % certainty 80 % should be right. Below the diagonal the network is too certain, above it too modest. Points of fewer
            than " (FEWEST) " images are left out." }
        @match figures.temperature {
            Some(temperature) => p { "Logits are divided by a temperature of " strong { (number(Some(temperature))) } ", fitted on validation (Guo 2017)." },
            None => p { "No temperature was fitted, or none is known for such answers: " code { "skinlesion calibrate" } " fits one on validation." },
        }
        div.charts {
            (with_legend(&Chart {
                title: "Reliability",
                x_label: "certainty (likeliest class's probability)",
                y_label: "of those answers, right",
                x: (0.0, 1.0),
                y: (0.0, 1.0),
                reference: &[(0.0, 0.0), (1.0, 1.0)],
                series: &series,
            }))
            div.scroll {
                table {
                    thead { tr { @for heading in ["", "ECE, equal width", "ECE, equal mass", "Brier score"] { th scope="col" { (heading) } } } }
                    tbody { @for (name, of) in rows { tr {
                        th scope="row" { (name) }
                        @for value in [of.ece_equal_width, of.ece_equal_mass, of.brier] { td { (number(Some(value))) } }
                    } } }
                }
                p.faint { "ECE: expected calibration error, the gap between certainty and accuracy in " (BINS) " bins. Brier score: squared differences between
                    probabilities and truth, summed over the classes (0 is perfect, 2 the worst)." }
            }
        }
    }
}
