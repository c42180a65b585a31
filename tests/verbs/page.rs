//! The page in `web/`: in Node.js, and as a phone's browser runs it on the released network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use skinlesion::Diagnosis;
use skinlesion::dataset::drawn::{self, IMAGE_FOLDERS, METADATA, Options};
use skinlesion::preprocess::{self, Colour, Fit, ResizeRule};
use skinlesion::progress::Silent;

use crate::common::{chromium, page, skinlesion, stderr, stdout};

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
    let photo = preprocess::decode(&photo).unwrap();
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
                    let bytes = preprocess::resize(picture, rule);
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

/// What the server puts beside the page: the released network and golden images, among them drawn lesions of which one
/// is named right and one wrong. It stays in `target/tmp`, where `npm run dev` can use it.
fn model_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page-model");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("golden")).unwrap();
    let released = repository().join("exports/released");
    let mut model: Value =
        serde_json::from_slice(&fs::read(released.join("model.json")).unwrap()).unwrap();
    for file in model["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        fs::copy(released.join(name), folder.join(name)).unwrap();
    }
    model["golden"] = json!("golden.json");
    model["thresholds"] = json!([
        { "target": "melanoma", "sensitivity_asked": 0.9, "threshold": 0.1, "chosen_on": "validation",
          "sensitivity": 0.92, "specificity": 0.77, "referred_per_cancer": 3.8 },
        { "target": "malignant", "sensitivity_asked": 0.9, "threshold": 0.2, "chosen_on": "validation",
          "sensitivity": 0.91, "specificity": 0.78, "referred_per_cancer": 2.2 },
    ]);
    model["abstention"] = json!({ "threshold": 0.6, "coverage": 0.82, "accuracy": 0.91 });
    fs::write(
        folder.join("model.json"),
        serde_json::to_vec(&model).unwrap(),
    )
    .unwrap();

    let rule: ResizeRule = serde_json::from_value(model["resize"].clone()).unwrap();
    let mut images = vec![reference(&folder)];
    images.extend(drawn_lesions(&folder));
    let golden: Vec<Value> = images
        .iter()
        .map(|name| golden_image(&folder, name, rule))
        .collect();
    let golden =
        json!({ "format_version": 1, "images": golden, "tolerance": { "probabilities": 1e-3 } });
    fs::write(
        folder.join("golden.json"),
        serde_json::to_vec(&golden).unwrap(),
    )
    .unwrap();
    folder
}

/// A picture smaller than the network's square, of which nobody knows what it shows.
fn reference(folder: &Path) -> (String, Option<Diagnosis>) {
    let from = repository().join("tests/reference/images/photo.png");
    fs::copy(from, folder.join("golden/small.png")).unwrap();
    ("golden/small.png".to_owned(), None)
}

/// Two drawn lesions as PNG, which every decoder reads alike: one that the network names right and one that it does not.
fn drawn_lesions(folder: &Path) -> Vec<(String, Option<Diagnosis>)> {
    let home = tempfile::tempdir().unwrap();
    let options = Options {
        lesions: drawn::FEWEST_LESIONS,
        ..Options::default()
    };
    drawn::draw(&home.path().join("drawn"), &options, &Silent).unwrap();
    let images = home.path().join("drawn").join(IMAGE_FOLDERS[0]);
    let metadata = fs::read_to_string(home.path().join("drawn").join(METADATA)).unwrap();
    let mut found: [Option<(String, Diagnosis)>; 2] = [None, None];
    for (path, answer) in predict(&images) {
        let id = path.file_stem().unwrap().to_str().unwrap();
        let row = metadata
            .lines()
            .find(|line| line.split(',').nth(1) == Some(id))
            .unwrap();
        let truth: Diagnosis = row.split(',').nth(2).unwrap().parse().unwrap();
        let right = answer["top"][0]["class"] == truth.code();
        // A cancer where there is one, as it says more.
        let place = &mut found[usize::from(right)];
        if place
            .as_ref()
            .is_none_or(|(_, before)| !before.is_malignant() && truth.is_malignant())
        {
            let name = format!("golden/{}.png", if right { "right" } else { "wrong" });
            let picture = preprocess::decode(&fs::read(&path).unwrap()).unwrap();
            picture.save(folder.join(&name)).unwrap();
            *place = Some((name, truth));
        }
    }
    found
        .map(|one| one.expect("a drawn lesion of each kind"))
        .map(|(name, truth)| (name, Some(truth)))
        .to_vec()
}

fn golden_image(
    folder: &Path,
    (name, truth): &(String, Option<Diagnosis>),
    rule: ResizeRule,
) -> Value {
    let path = folder.join(name);
    let prepared = preprocess::read_image(&path, rule).unwrap();
    let picture = name.replace(".png", ".prepared.png");
    image::save_buffer(
        folder.join(&picture),
        &prepared,
        rule.size,
        rule.size,
        image::ExtendedColorType::Rgb8,
    )
    .unwrap();
    let (_, answer) = predict(&path).remove(0);
    let probability = |class: Diagnosis| {
        let named = answer["top"].as_array().unwrap();
        let named = named.iter().find(|one| one["class"] == class.code());
        named.unwrap()["probability"].clone()
    };
    json!({
        "file": name,
        "prepared": { "file": picture, "sha256": skinlesion::files::sha256(&prepared) },
        "probabilities": { "onnx": Diagnosis::ALL.map(probability) },
        "truth": truth.map(Diagnosis::code),
    })
}

/// The program's answers to a picture, or a folder of pictures.
fn predict(path: &Path) -> Vec<(PathBuf, Value)> {
    let mut command = skinlesion();
    command.args(["--quiet", "predict", "--json", "--top", "7", "--model"]);
    command.arg(repository().join("exports/released")).arg(path);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            (PathBuf::from(answer["image"].as_str().unwrap()), answer)
        })
        .collect()
}

#[test]
fn the_page_classifies_on_a_phone_without_a_server() {
    let (Some(page), Some(chromium)) = (page(), chromium()) else {
        return;
    };
    let script = repository().join("tests/browser/page.mjs");
    let mut command = Command::new("node");
    command.args([&script, &chromium, &page, &model_folder()]);
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
