//! Confused pairs of classes, and galleries of single images.

use maud::{Markup, html};

use super::format::{percent, picture_data};
use crate::evaluation::analysis::ConfusionPair;
use crate::{Class, ClassList};

/// Images under a heading.
pub struct Gallery {
    /// The heading.
    pub heading: &'static str,
    /// The images.
    pub cases: Vec<Case>,
}

/// One image.
pub struct Case {
    /// Image id.
    pub image_id: String,
    /// True class.
    pub truth: Class,
    /// The three classes with the highest probabilities.
    pub top: Vec<(Class, f64)>,
    /// PNG files: the prepared image and, for a checkpoint, the same with its Grad-CAM map. Empty unless images are
    /// embedded.
    pub pictures: Vec<Vec<u8>>,
}

/// The maximum number of confused pairs listed.
const PAIRS: usize = 10;

/// A class in tables: its code and its name.
pub fn named(classes: ClassList, code: &str) -> String {
    let name = classes
        .by_code(code)
        .map(|class| format!(" – {}", class.name()));
    code.to_owned() + &name.unwrap_or_default()
}

/// Whether the row of a class is emphasized.
pub fn is_watched(classes: ClassList, code: &str) -> bool {
    classes.by_code(code).is_some_and(Class::is_watched)
}

/// The table of confused pairs and the galleries.
pub fn cases(classes: ClassList, confused: &[ConfusionPair], galleries: &[Gallery]) -> Markup {
    let with_pictures = (galleries.iter().flat_map(|g| &g.cases)).any(|c| !c.pictures.is_empty());
    html! {
        h3 { "Most confused pairs" }
        div.scroll { table {
            thead { tr {
                th scope="col" { "truth" }
                th.text scope="col" { "predicted" }
                th scope="col" { "images" }
                th scope="col" { "share of the truth" }
            } }
            tbody { @for pair in confused.iter().take(PAIRS) { tr.strong[is_watched(classes, &pair.truth)] {
                th scope="row" { (named(classes, &pair.truth)) }
                td.text { (named(classes, &pair.prediction)) }
                td { (pair.images) }
                td { (percent(pair.share)) }
            } } }
        } }
        @if with_pictures {
            p { "Left: the prepared image, as the network sees it. Right: Grad-CAM (Selvaraju 2017); warm regions
                support the predicted class. The photographs keep the licence of their owners, CC BY-NC 4.0 for
                HAM10000, and sharing this page shares them." }
        } @else {
            p.faint {
                "Photographs are omitted because of their licence. " code { "skinlesion eval --with-images" }
                " embeds them."
            }
        }
        @for gallery in galleries {
            h3 { (gallery.heading) }
            @if gallery.cases.is_empty() { p { "None." } }
            ul.cases { @for case in &gallery.cases { li {
                @if !case.pictures.is_empty() { div.pictures {
                    @for (picture, kind) in case.pictures.iter().zip(["prepared image", "Grad-CAM"]) {
                        img src=(picture_data(picture)) alt={ (case.image_id) ", " (kind) } loading="lazy";
                    }
                } }
                div { strong { (case.image_id) } " – truth: " strong { (case.truth) } }
                div { @for (index, (class, probability)) in case.top.iter().enumerate() {
                    @if index > 0 { ", " }
                    (class) " " (percent(*probability))
                } }
            } } }
        }
    }
}
