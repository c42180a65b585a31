//! `near_duplicates.html`: the pairs side by side, for visual review. One file without scripts or external
//! resources.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::search::Pair;
use super::summary::NearDuplicatePolicy;
use super::table::{FILE as TABLE, Line};
use crate::imaging::decode::decode;

/// The file's name within a dataset folder.
pub const FILE: &str = "near_duplicates.html";

/// The number of pairs that are shown. The table holds all.
const SHOWN: usize = 200;

/// The width of a shown photograph, in pixels.
const WIDTH: u32 = 280;

const STYLE: &str = ":root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}\
figure{margin:1.5em 0;border-top:1px solid #8888;padding-top:1em}img{width:48%;height:auto}figcaption{margin-bottom:.5em}code{font-size:.95em}";

/// The page. `files` holds the image file of each sample; `lines` describe `pairs`, in the same order.
pub fn html<P: AsRef<Path>>(
    pairs: &[Pair],
    lines: &[Line],
    files: &[P],
    policy: NearDuplicatePolicy,
) -> String {
    let treatment = match policy {
        NearDuplicatePolicy::Join => "Their lesions are kept together, in one split or fold.",
        NearDuplicatePolicy::List | NearDuplicatePolicy::Off => {
            "Their lesions stay in the splits or folds that they were drawn for."
        }
    };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Near-duplicates" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Near-duplicates" }
                p { "Images that show the same skin under different lesion ids." }
                @if pairs.is_empty() {
                    p { "None found: no two lesions have images that show the same skin." }
                } @else {
                    p { (pairs.len()) " found. " (treatment) " Both images are shown unchanged; the caption names the symmetry that maps the second onto the first." }
                }
                @if pairs.len() > SHOWN {
                    p { "The " (SHOWN) " most similar pairs are shown; " code { (TABLE) } " lists all." }
                }
                @for (pair, line) in pairs.iter().zip(lines).take(SHOWN) { (figure(pair, line, files)) }
                p { small { "The photographs remain under their owners' licence (HAM10000: CC BY-NC 4.0)." } }
            }
        }
    };
    markup.into_string() + "\n"
}

fn figure<P: AsRef<Path>>(pair: &Pair, line: &Line, files: &[P]) -> Markup {
    let source = |image: usize| data_uri(files[image].as_ref());
    html! {
        figure {
            figcaption {
                code { (line.image_a) } " (" (facts([&line.lesion_a, &line.dx_a, &line.source_a, &line.part_a])) ") and "
                code { (line.image_b) } " (" (facts([&line.lesion_b, &line.dx_b, &line.source_b, &line.part_b])) "): " (line.symmetry)
                "; local contrast " (format!("{:.2}", line.detail)) ", grey difference " (format!("{:.1}", line.difference)) ", " (line.hash_bits) " of 64 hash bits differ"
            }
            img alt=(line.image_a) src=(source(pair.first));
            " "
            img alt=(line.image_b) src=(source(pair.second));
        }
    }
}

/// What is known of an image.
fn facts(facts: [&str; 4]) -> String {
    let known: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    known.join(", ")
}

/// A small JPEG of a photograph as a data URI; empty if it does not decode. The images of a pair always do.
fn data_uri(file: &Path) -> String {
    let small = || {
        let image = decode(&std::fs::read(file).ok()?).ok()?;
        let height = (WIDTH * image.height() / image.width().max(1)).max(1);
        let image = imageops::resize(&image, WIDTH, height, FilterType::Triangle);
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, 85);
        image.write_with_encoder(encoder).ok()?;
        Some(STANDARD.encode(bytes))
    };
    small().map_or_else(String::new, |text| format!("data:image/jpeg;base64,{text}"))
}
