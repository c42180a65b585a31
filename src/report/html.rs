//! `report.html`: an evaluation as one self-contained page. It loads nothing from other files or the network, and is
//! laid out for screens, phones and print.

mod calibration;
mod cases;
mod charts;
mod decisions;
mod figures;
mod format;
mod groups;
mod summary;
mod thresholds;

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::format::{picture, picture_data};
use super::axis::thousands;
use super::confusion::{Cells, confusion_matrix};
use super::distribution::class_distribution;
use crate::dataset::DatasetInfo;
use crate::evaluation::analysis::Analysis;
use crate::metrics::bootstrap::{DRAWS, Intervals};
use crate::metrics::{Metrics, Predictions};
use crate::{Class, DISCLAIMER};

pub use self::cases::{Case, Gallery};

/// The file name within an evaluation folder.
pub const FILE: &str = "report.html";

const STYLE: &str = include_str!("html/style.css");

/// The contents of the page.
pub struct Page<'a> {
    /// One line: the model and the split.
    pub title: String,
    /// Warnings about the metrics, if any.
    pub caveats: Vec<String>,
    /// The provenance as names and values: files, hashes, counts.
    pub facts: Vec<(&'static str, String)>,
    /// The dataset of the images.
    pub dataset: &'a DatasetInfo,
    /// The metrics.
    pub metrics: &'a Metrics,
    /// Their 95 % intervals.
    pub intervals: &'a Intervals,
    /// The reasons for undefined metrics.
    pub undefined: &'a BTreeMap<String, String>,
    /// The analyses.
    pub analysis: &'a Analysis,
    /// The predictions.
    pub predictions: &'a Predictions,
    /// Galleries of single images.
    pub galleries: &'a [Gallery],
    /// A PNG file of sample images by class and split, if photographs are embedded.
    pub samples: Option<Vec<u8>>,
}

/// The sections, by anchor and heading.
const SECTIONS: [(&str, &str); 13] = [
    ("summary", "Summary"),
    ("figures", "Headline metrics"),
    ("confusion", "Confusion matrix"),
    ("decisions", "Decision rules"),
    ("curves", "ROC and precision–recall"),
    ("isic", "ISIC metrics"),
    ("operating", "Operating points"),
    ("calibration", "Calibration"),
    ("selective", "Selective prediction"),
    ("groups", "Subgroups"),
    ("cases", "Errors"),
    ("data", "Data"),
    ("notes", "Notes"),
];

/// The page as HTML.
pub fn page(page: &Page) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Blocks every request, whatever the page contains.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
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
        summary::summary(
            page.metrics,
            page.intervals,
            &page.analysis.operating_points,
        ),
        figures::headlines(page.metrics, page.intervals, page.undefined),
        confusion(page),
        decisions::decisions(page.metrics.classes, page.analysis.decisions.as_ref()),
        charts::curves(page.predictions, page.metrics),
        figures::isic(page.metrics.classes, page.analysis.isic.as_ref()),
        thresholds::operating(page.metrics.classes, page.analysis),
        calibration::calibration(page.analysis.calibration.as_ref()),
        thresholds::selective(&page.analysis.coverages),
        groups::groups(&page.analysis.subgroups),
        cases::cases(
            page.metrics.classes,
            &page.analysis.confused,
            page.galleries,
        ),
        data(page),
        notes(page),
    ]
}

fn confusion(page: &Page) -> Markup {
    let confusion = page.metrics.confusion();
    html! {
        p { "Rows: truth. Columns: prediction. Colour: share of the row, as in the summary." }
        figure { (picture(&confusion_matrix(&confusion, Cells::Counts, "Images"))) }
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
            h3 { "From metadata to splits" }
            div.scroll { table {
                thead { tr { th scope="col" { "step" } th scope="col" { "images" } th scope="col" { "lesions" } } }
                tbody { @for step in &info.flow {
                    tr { th scope="row" { (step.step) } td { (step.rows) } td { (step.lesions) } }
                } }
            } }
            @if !info.dropped.is_empty() { p.faint {
                "Excluded: "
                @for (index, dropped) in info.dropped.iter().enumerate() {
                    @if index > 0 { "; " }
                    (dropped.rows) " (" (dropped.reason) ")"
                }
                "."
            } }
        }
        @if let Some(near) = &info.near_duplicates {
            p { "Near-duplicate pairs of images of different lesions: " (near.pairs) ". Groups of lesions kept in one
                split because of them: " (near.joined.len()) ". Lesions moved to another split: " (near.moved) "." }
        }
        figure.scroll.wide { (picture(&class_distribution(info.classes, &info.counts))) }
        @if let Some(samples) = &page.samples {
            figure { img src=(picture_data(samples)) alt="Sample images by class and split"; }
        }
    }
}

fn notes(page: &Page) -> Markup {
    let classes = page.dataset.classes;
    html! {
        ul {
            li { "Intervals are 95 % percentile bootstrap intervals from " (thousands(DRAWS)) " draws of lesions with
                replacement (all images of a lesion together), or of patients where the dataset keeps patients whole. They
                cover the sampling of test lesions, but not the variance between training runs, clinics or cameras." }
            li { "The predicted class is the argmax, except under Decision rules. AUC and average precision are for one class against the rest." }
            @if let Some(malignant) = classes.malignant() {
                li { "Malignant means " (codes(&malignant)) "; its score is the sum of their probabilities."
                    @if classes.by_code("akiec").is_some() { " akiec includes carcinoma in situ." } }
            }
            li { "The program reads no label of skin tone, so these results say nothing about dark skin. (Nearly all patients
                of HAM10000 are fair-skinned.) The photographs are of lesions that were chosen for a photograph, so class
                frequencies differ from those of a clinic. Precision and the number of referrals depend on them." }
        }
    }
}

fn codes(classes: &[Class]) -> String {
    let codes: Vec<&str> = classes.iter().map(|class| class.code()).collect();
    codes.join(", ")
}
