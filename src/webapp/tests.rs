//! Writing the page with an export, and refusals.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;
use crate::files;

/// An export folder with an ONNX file, one that the page cannot run, and golden vectors.
fn export(home: &Path) -> PathBuf {
    let folder = home.join("export");
    fs::create_dir_all(folder.join("golden")).unwrap();
    let listed = [("model.onnx", "onnx"), ("model.tflite", "tflite")].map(|(file, format)| {
        fs::write(folder.join(file), format).unwrap();
        json!({"file": file, "format": format, "sha256": files::sha256(format.as_bytes())})
    });
    files::write_json(&folder.join("model.json"), &json!({ "files": listed })).unwrap();
    fs::write(folder.join("golden.json"), "{}").unwrap();
    fs::write(folder.join("golden/wide.png"), "wide").unwrap();
    fs::write(folder.join("golden/notes.txt"), "mine").unwrap();
    folder
}

/// A built page of two files.
fn page(home: &Path) -> Page {
    let folder = home.join("page");
    fs::create_dir_all(folder.join("assets")).unwrap();
    fs::write(folder.join("index.html"), "<!doctype html>").unwrap();
    fs::write(folder.join("assets/run.wasm"), "\0asm").unwrap();
    Page::read(&folder).unwrap()
}

#[test]
fn the_folder_has_the_page_and_the_files_of_the_export() {
    let home = tempfile::tempdir().unwrap();
    let (page, export) = (page(home.path()), export(home.path()));
    let folder = export.join("web");
    let written = write_page(&folder, &page, &export).unwrap();
    let names: Vec<_> = written
        .iter()
        .map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "index.html",
            "assets/run.wasm",
            "model/model.json",
            "model/model.onnx",
            "model/golden.json",
            "model/golden/wide.png",
        ]
    );
    assert_eq!(fs::read(folder.join("assets/run.wasm")).unwrap(), b"\0asm");
    assert_eq!(fs::read(folder.join("model/model.onnx")).unwrap(), b"onnx");
    assert!(matches!(
        write_page(&folder, &page, &export),
        Err(Error::Exists(_))
    ));
}

#[test]
fn an_invalid_export_leaves_no_folder() {
    let home = tempfile::tempdir().unwrap();
    let page = page(home.path());
    let export = export(home.path());
    let folder = home.path().join("web");
    let refused = |problem: &str| {
        let error = write_page(&folder, &page, &export).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
        assert!(!folder.exists());
    };
    fs::write(export.join("model.onnx"), "changed").unwrap();
    refused("has changed since it was exported");
    let list = |name: &str, format: &str| {
        let listed = json!({"file": name, "format": format, "sha256": ""});
        files::write_json(&export.join("model.json"), &json!({"files": [listed]})).unwrap();
    };
    list("../page/index.html", "onnx");
    refused("not a file name in its folder");
    list("model.tflite", "tflite");
    refused("has no ONNX file");
    fs::write(export.join("model.json"), "{}").unwrap();
    refused("does not list its networks");
    fs::remove_file(export.join("model.json")).unwrap();
    refused("has no model.json");
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_export_are_not_followed() {
    use std::os::unix::fs::symlink;
    let home = tempfile::tempdir().unwrap();
    let export = export(home.path());
    symlink("wide.png", export.join("golden/inside.png")).unwrap();
    assert_eq!(model::read(&export).unwrap().len(), 5);
    fs::create_dir(home.path().join("mine")).unwrap();
    for name in ["model.json", "model.onnx", "golden.json"] {
        let mine = home.path().join("mine").join(name);
        fs::rename(export.join(name), &mine).unwrap();
        symlink(&mine, export.join(name)).unwrap();
        let error = model::read(&export).err().unwrap().to_string();
        assert!(
            error.contains(name) && error.contains("outside of the export"),
            "{error}"
        );
        fs::remove_file(export.join(name)).unwrap();
        fs::rename(&mine, export.join(name)).unwrap();
    }
    fs::rename(export.join("golden"), home.path().join("mine/golden")).unwrap();
    symlink(home.path().join("mine/golden"), export.join("golden")).unwrap();
    assert!(model::read(&export).is_err());
}

#[cfg(unix)]
#[test]
fn links_and_hidden_files_are_not_part_of_a_page() {
    let home = tempfile::tempdir().unwrap();
    page(home.path());
    let folder = home.path().join("page");
    fs::write(folder.join(".env"), "secret").unwrap();
    fs::create_dir(folder.join(".git")).unwrap();
    fs::write(folder.join(".git/config"), "secret").unwrap();
    std::os::unix::fs::symlink("index.html", folder.join("link.html")).unwrap();
    let page = Page::read(&folder).unwrap();
    let names: Vec<_> = page.files().iter().map(|file| file.name()).collect();
    assert_eq!(names, ["assets/run.wasm", "index.html"]);
}

#[test]
fn the_embedded_page_is_complete_or_the_error_names_the_remedy() {
    match Page::embedded() {
        Err(error) => assert!(error.to_string().contains("scripts/web"), "{error}"),
        Ok(page) => {
            assert!(page.files().iter().any(|file| file.name() == INDEX));
            for file in page.files() {
                file.bytes().unwrap();
            }
        }
    }
}
