//! `near_duplicates.html`: the pairs side by side, for a person to judge. One file without scripts that asks the
//! network for nothing.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};

use super::record::Line;
use super::{Pair, Treatment};
use crate::preprocess;

/// The file's name within a dataset folder.
pub const FILE: &str = "near_duplicates.html";

/// So many pairs are shown; the table holds them all.
const SHOWN: usize = 200;

/// The width of a shown photograph, in pixels.
const WIDTH: u32 = 280;

const STYLE: &str = ":root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}\
figure{margin:1.5em 0;border-top:1px solid #8888;padding-top:1em}img{width:48%;height:auto}figcaption{margin-bottom:.5em}code{font-size:.95em}";

/// The page. `files` are the photographs, `lines` tell of `pairs`, in the same order.
pub fn html<P: AsRef<Path>>(
    pairs: &[Pair],
    lines: &[Line],
    files: &[P],
    treatment: Treatment,
) -> String {
    let mut body = String::new();
    let fate = match treatment {
        Treatment::Join => "Their lesions are kept together, in one part or fold.",
        Treatment::List | Treatment::Off => "Their lesions stay where they were drawn.",
    };
    body.push_str(&match pairs.len() {
        0 => "<p>None found: no two lesions have images that show the same skin.</p>\n".to_owned(),
        count => format!(
            "<p>{count} found. {fate} The second image of each is shown as it is; the caption says what \
             brings it onto the first.</p>\n"
        ),
    });
    if pairs.len() > SHOWN {
        body.push_str(&format!(
            "<p>The {SHOWN} most alike are shown; <code>{}</code> holds them all.</p>\n",
            super::record::FILE
        ));
    }
    for (pair, line) in pairs.iter().zip(lines).take(SHOWN) {
        let [a, b] = [pair.first, pair.second].map(|image| data_uri(files[image].as_ref()));
        body.push_str(&format!(
            "<figure><figcaption><code>{}</code> ({}, {}, {}) and <code>{}</code> ({}, {}, {}): {}; \
             detail {:.2}, difference {:.1}, {} of 64 bits</figcaption>\n\
             <img alt=\"{}\" src=\"{a}\"> <img alt=\"{}\" src=\"{b}\"></figure>\n",
            escape(&line.image_a),
            escape(&line.lesion_a),
            line.dx_a,
            line.part_a,
            escape(&line.image_b),
            escape(&line.lesion_b),
            line.dx_b,
            line.part_b,
            line.symmetry,
            line.detail,
            line.difference,
            line.hash_bits,
            escape(&line.image_a),
            escape(&line.image_b),
        ));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Near-duplicates</title>\
         <style>{STYLE}</style></head><body>\n<h1>Near-duplicates</h1>\n\
         <p>Images that show the same skin under different lesion ids.</p>\n{body}\
         <p><small>The licence of the photographs is their owners' (HAM10000: CC BY-NC 4.0).</small></p>\n</body></html>\n"
    )
}

/// A small JPEG of a photograph as text; empty if it does not decode, which a pair's images do.
fn data_uri(file: &Path) -> String {
    let small = || {
        let image = preprocess::decode(&std::fs::read(file).ok()?).ok()?;
        let height = (WIDTH * image.height() / image.width().max(1)).max(1);
        let image = imageops::resize(&image, WIDTH, height, FilterType::Triangle);
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, 85);
        image.write_with_encoder(encoder).ok()?;
        Some(STANDARD.encode(bytes))
    };
    small().map_or_else(String::new, |text| format!("data:image/jpeg;base64,{text}"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
