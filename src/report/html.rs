//! `report.html`: everything about an evaluation on one page, which needs no other file and no network, prints well and
//! is readable on a phone.

mod calibration;
mod cases;
mod charts;
mod decisions;
mod figures;
mod format;
mod groups;

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::format::{picture, picture_data};
use super::confusion::{Cells, confusion_matrix};
use super::distribution::class_distribution;
use crate::dataset::DatasetInfo;
use crate::evaluation::analysis::Analysis;
use crate::metrics::bootstrap::Intervals;
use crate::metrics::{Confusion, Metrics, Predictions};
use crate::{DISCLAIMER, Diagnosis};

pub use self::cases::{Case, Gallery};

/// The page's name within an evaluation's folder.
pub const FILE: &str = "report.html";

const STYLE: &str = include_str!("html/style.css");

/// What the page shows.
pub struct Page<'a> {
    /// What was scored on what, in a line.
    pub title: String,
    /// Why the figures may mislead, if they do.
    pub caveats: Vec<String>,
    /// Names and values that say exactly what was scored: files, hashes, numbers.
    pub facts: Vec<(&'static str, String)>,
    /// The dataset that the images come from.
    pub dataset: &'a DatasetInfo,
    /// The figures.
    pub metrics: &'a Metrics,
    /// Their 95 % intervals.
    pub intervals: &'a Intervals,
    /// Why figures are missing.
    pub undefined: &'a BTreeMap<String, String>,
    /// The analyses.
    pub analysis: &'a Analysis,
    /// The answers behind it all.
    pub predictions: &'a Predictions,
    /// Single images to look at.
    pub galleries: &'a [Gallery],
    /// A PNG file of sample images by class and part, if photographs are wanted.
    pub samples: Option<Vec<u8>>,
}

/// The sections, by anchor and heading.
const SECTIONS: [(&str, &str); 11] = [
    ("figures", "Headline figures"),
    ("confusion", "Confusion matrix"),
    ("curves", "ROC and precision–recall"),
    ("isic", "ISIC's metrics"),
    ("decisions", "Operating points"),
    ("calibration", "Calibration"),
    ("selective", "When the least certain go to a person"),
    ("groups", "Subgroups"),
    ("cases", "What it gets wrong"),
    ("data", "The data"),
    ("notes", "How to read this"),
];

/// The page as HTML.
pub fn page(page: &Page) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing may leave the page, whatever is in it.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                title { (page.title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main {
                h1 { (page.title) }
                p.warning { strong { (DISCLAIMER) } }
                @for caveat in &page.caveats { p.warning { (caveat) } }
                nav aria-label="Contents" { ul { @for (anchor, heading) in SECTIONS {
                    li { a href={ "#" (anchor) } { (heading) } }
                } } }
                @for ((anchor, heading), content) in SECTIONS.iter().zip(sections(page)) {
                    section { h2 id=(anchor) { (heading) } (content) }
                }
            } }
        }
    };
    markup.into_string() + "\n"
}

/// The contents of [`SECTIONS`], in their order.
fn sections(page: &Page) -> [Markup; SECTIONS.len()] {
    [
        figures::headlines(page.metrics, page.intervals, page.undefined),
        confusion(page),
        charts::curves(page.predictions, page.metrics),
        figures::isic(page.analysis.isic.as_ref()),
        decisions::operating(page.analysis),
        calibration::calibration(page.analysis.calibration.as_ref()),
        decisions::selective(&page.analysis.coverages),
        groups::groups(&page.analysis.subgroups),
        cases::cases(&page.analysis.confused, page.galleries),
        data(page),
        notes(),
    ]
}

fn confusion(page: &Page) -> Markup {
    let confusion = Confusion {
        counts: page.metrics.confusion_matrix,
    };
    html! {
        p { "Rows are the truth, columns what the network said. Colour is the share of the row." }
        div.charts {
            @for (cells, title) in [(Cells::Counts, "Images"), (Cells::Shares, "Shares of each row")] {
                figure { (picture(&confusion_matrix(&confusion, cells, title))) }
            }
        }
    }
}

fn data(page: &Page) -> Markup {
    let info = page.dataset;
    html! {
        div.scroll { table { tbody {
            @for (name, value) in &page.facts {
                tr { th.text scope="row" { (name) } td.text { (value) } }
            }
        } } }
        @if !info.flow.is_empty() {
            h3 { "From the metadata to the parts" }
            div.scroll { table {
                thead { tr { th scope="col" { "step" } th scope="col" { "images" } th scope="col" { "lesions" } } }
                tbody { @for step in &info.flow {
                    tr { th scope="row" { (step.step) } td { (step.rows) } td { (step.lesions) } }
                } }
            } }
            @if !info.dropped.is_empty() { p.faint {
                "Left out: "
                @for (index, dropped) in info.dropped.iter().enumerate() {
                    @if index > 0 { "; " }
                    (dropped.rows) " (" (dropped.reason) ")"
                }
                "."
            } }
        }
        @if let Some(near) = &info.near_duplicates {
            p { "Pairs of images of different lesions that show the same skin: " (near.pairs) ". Groups of lesions that are kept in one part for it: "
                (near.joined.len()) "; lesions that were moved: " (near.moved) "." }
        }
        figure.scroll.wide { (picture(&class_distribution(&info.counts))) }
        @if let Some(samples) = &page.samples {
            figure { img src=(picture_data(samples)) alt="Sample images by class and part"; }
        }
    }
}

fn notes() -> Markup {
    html! {
        ul {
            li { "Intervals hold 95 % of 2,000 draws of the lesions with replacement (percentile bootstrap, all images of a lesion together). They say how
                far a figure could be off because these lesions were tested and not others; they do not hold what another training run, clinic or
                camera would change." }
            li { "The prediction is the likeliest class. AUC and average precision are of one class against the rest." }
            li { "Malignant means " (malignant()) " taken together, the score being the sum of their probabilities. akiec includes carcinoma in situ." }
            li { "HAM10000 has no label of skin tone, and nearly all of its patients are fair-skinned: nothing here says how the network does on
                dark skin. It has dermatoscopic photographs of lesions that somebody found worth a photograph; the shares of its classes are not those
                of a clinic, and precision and referrals depend on them." }
        }
    }
}

fn malignant() -> String {
    let codes: Vec<&str> = (Diagnosis::ALL.iter())
        .filter(|class| class.is_malignant())
        .map(|class| class.code())
        .collect();
    codes.join(", ")
}
