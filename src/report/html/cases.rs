//! Single images to look at: what the network got wrong while sure of itself, and what it was least sure of.

use maud::{Markup, html};

use super::format::{percent, picture_data};
use crate::Diagnosis;
use crate::evaluation::analysis::ConfusionPair;

/// Images under a heading.
pub struct Gallery {
    /// What they have in common.
    pub heading: &'static str,
    /// They.
    pub cases: Vec<Case>,
}

/// One image.
pub struct Case {
    /// Its name.
    pub image_id: String,
    /// What it shows.
    pub truth: Diagnosis,
    /// The three likeliest answers with their probabilities.
    pub answers: Vec<(Diagnosis, f64)>,
    /// PNG files: the image as the network sees it and, where it can be had, the same with where it looked.
    /// Empty unless images were asked for.
    pub pictures: Vec<Vec<u8>>,
}

/// How many confusions are listed.
const PAIRS: usize = 10;

/// The most confused pairs and the galleries.
pub fn cases(confused: &[ConfusionPair], galleries: &[Gallery]) -> Markup {
    let with_pictures = (galleries.iter().flat_map(|g| &g.cases)).any(|c| !c.pictures.is_empty());
    html! {
        h3 { "The most confused pairs" }
        div.scroll { table {
            thead { tr {
                th scope="col" { "truth" } th.text scope="col" { "taken for" } th scope="col" { "images" } th scope="col" { "of the truth" }
            } }
            tbody { @for pair in confused.iter().take(PAIRS) { tr.strong[pair.truth == Diagnosis::Mel] {
                th scope="row" { (pair.truth) " – " (pair.truth.name()) }
                td.text { (pair.prediction) " – " (pair.prediction.name()) }
                td { (pair.images) }
                td { (percent(pair.share)) }
            } } }
        } }
        @if with_pictures {
            p { "Left the image as the network sees it. Right where it looked for its answer (Grad-CAM, Selvaraju 2017: warm is what spoke for it). The
                photographs have their owners' licence, CC BY-NC 4.0 for HAM10000: who passes this page on passes them on." }
        } @else {
            p.faint { "Without pictures, because photographs have a licence: " code { "skinlesion eval --with-images" } " puts them in." }
        }
        @for gallery in galleries {
            h3 { (gallery.heading) }
            @if gallery.cases.is_empty() { p { "None." } }
            ul.cases { @for case in &gallery.cases { li {
                @if !case.pictures.is_empty() { div.pictures {
                    @for (picture, what) in case.pictures.iter().zip(["as the network sees it", "where the network looked"]) {
                        img src=(picture_data(picture)) alt={ (case.image_id) ", " (what) } loading="lazy";
                    }
                } }
                div { strong { (case.image_id) } " – truth: " strong { (case.truth) } }
                div { @for (index, (class, probability)) in case.answers.iter().enumerate() {
                    @if index > 0 { ", " }
                    (class) " " (percent(*probability))
                } }
            } } }
        }
    }
}
