//! The page in `web/`: in Node.js, and as a phone's browser runs it on the released network.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use skinlesion::imaging::decode::decode;
use skinlesion::imaging::resize::{self, Colour, Fit, ResizeRule};

use crate::common::{chromium, page, stderr, stdout};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_page_resizes_to_the_very_bytes_of_the_program() {
    if page().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let photo = fs::read(repository().join("tests/reference/images/photo.png")).unwrap();
    let photo = decode(&photo).unwrap();
    let wide = image::imageops::resize(&photo, 300, 70, image::imageops::FilterType::Nearest);
    let high = image::imageops::resize(&photo, 47, 210, image::imageops::FilterType::Nearest);
    let mut cases = Vec::new();
    for (name, picture) in [("photo", &photo), ("wide", &wide), ("high", &high)] {
        fs::write(home.path().join(name), picture.as_raw()).unwrap();
        for size in [24, 47, 61, 96, 192] {
            for fit in [Fit::Stretch, Fit::Crop] {
                for colour in [Colour::AsTaken, Colour::ShadesOfGrey] {
                    let rule = ResizeRule {
                        fit,
                        colour,
                        ..ResizeRule::square(size)
                    };
                    let prepared = format!("{}.prepared", cases.len());
                    let bytes = resize::resize(picture, rule);
                    fs::write(home.path().join(&prepared), bytes).unwrap();
                    let [width, height]: [u32; 2] = picture.dimensions().into();
                    cases.push(json!({ "file": name, "width": width, "height": height, "rule": rule, "prepared": prepared }));
                }
            }
        }
    }
    let list = home.path().join("cases.json");
    fs::write(&list, serde_json::to_vec(&cases).unwrap()).unwrap();
    let output = Command::new("node")
        .args(["--test", "tests/"])
        .current_dir(repository().join("web"))
        .env("SKINLESION_CASES", home.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

#[test]
fn the_page_classifies_on_a_phone_without_a_server() {
    let (Some(page), Some(chromium)) = (page(), chromium()) else {
        return;
    };
    let script = repository().join("tests/browser/page.mjs");
    let mut command = Command::new("node");
    let model = repository().join("exports/released");
    command.args([&script, &chromium, &page, &model]);
    command.args(std::env::var_os("SKINLESION_PICTURES"));
    let output = command.output().unwrap();
    // The script names each thing that the page should do and does not.
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}
