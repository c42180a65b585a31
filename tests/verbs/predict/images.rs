//! What `predict` reads, and what it refuses to.

use serde_json::Value;

use super::{json_lines, predict};
use crate::common::{photograph, skinlesion, stderr};
use crate::networks::random_checkpoint;

#[test]
fn an_unreadable_image_is_reported_and_the_rest_go_on() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    std::fs::create_dir_all(home.path().join("photos/deep")).unwrap();
    photograph(&home.path().join("photos/good.jpg"), 1);
    photograph(&home.path().join("photos/deep/also.png"), 2);
    std::fs::write(home.path().join("photos/broken.JPEG"), "not an image").unwrap();
    let output = predict(
        home.path(),
        &["--json", "--model", "checkpoint", "gone.jpg", "photos"],
    );
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(&output);
    let images: Vec<&Value> = lines.iter().map(|line| &line["image"]).collect();
    let expected = [
        "gone.jpg",
        "photos/broken.JPEG",
        "photos/deep/also.png",
        "photos/good.jpg",
    ];
    assert_eq!(images, expected);
    for (line, failed) in lines.iter().zip([true, true, false, false]) {
        assert_eq!(line["error"].is_string(), failed, "{line}");
        assert_eq!(line["top"].is_array(), !failed, "{line}");
    }
    assert!(
        stderr(&output).contains("broken.JPEG"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("gone.jpg"), "{}", stderr(&output));
}

#[test]
fn pictures_that_no_dermatoscope_takes_are_refused_and_the_rest_go_on() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    photograph(&home.path().join("good.png"), 1);
    image::RgbImage::new(300, 63)
        .save(home.path().join("tiny.png"))
        .unwrap();
    image::RgbImage::new(300, 70)
        .save(home.path().join("strip.png"))
        .unwrap();
    std::fs::write(home.path().join("phone.heic"), b"\0\0\0\x18ftypheic").unwrap();
    std::fs::write(home.path().join("notes.txt"), "").unwrap();
    let output = predict(home.path(), &["--json", "--model", "checkpoint", "."]);
    assert_eq!(output.status.code(), Some(1));
    let lines = json_lines(&output);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["image"], "./good.png");
    for refused in &lines[1..] {
        assert_eq!(refused["not_a_lesion"], true, "{refused}");
        let error = refused["error"].as_str().unwrap();
        assert!(
            error.contains("not a dermatoscopic photograph (300 ×"),
            "{error}"
        );
    }
    let said = stderr(&output);
    assert!(
        said.contains("left out: 1 HEIC,") && said.contains("1 TXT"),
        "{said}"
    );
    // Named, it is an error that says what to do.
    let output = predict(home.path(), &["--model", "checkpoint", "phone.heic"]);
    let said = stderr(&output);
    assert!(
        said.contains("phone.heic: HEIC images are not read"),
        "{said}"
    );
    assert!(said.contains("Convert it to JPEG"), "{said}");
}

#[test]
fn an_image_on_standard_input_is_answered_like_its_file() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    photograph(&home.path().join("a.png"), 1);
    let arguments = ["predict", "--json", "--model", "checkpoint", "-", "a.png"];
    let output = skinlesion()
        .current_dir(home.path())
        .args(arguments)
        .pipe_stdin(home.path().join("a.png"))
        .unwrap()
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = json_lines(&output);
    assert_eq!(lines[0]["image"], "-");
    assert_eq!(lines[0]["top"], lines[1]["top"]);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_refused_and_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    let pipe = home.path().join("pipe.jpg");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let output = predict(home.path(), &["--model", "checkpoint", "pipe.jpg"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("pipe.jpg: this is a pipe"), "{said}");
    assert!(said.contains("Pass - to read"), "{said}");
}
