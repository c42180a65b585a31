//! A folder with metadata and drawn images to prepare.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use image::{Rgb, RgbImage};
use skinlesion::classes::ham10000;
use skinlesion::dataset::Dataset;
use tempfile::TempDir;

use crate::common::{skinlesion, stderr};

pub const HEADER: &str = "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset";

/// A folder with a metadata file and drawn images, for one test.
pub struct Desk {
    pub home: TempDir,
    /// The lines of the metadata below the header.
    pub rows: Vec<String>,
}

impl Desk {
    /// Seven classes of eight lesions each; every third lesion has two images.
    pub fn new() -> Self {
        let desk = Self {
            home: tempfile::tempdir().unwrap(),
            rows: Vec::new(),
        };
        fs::create_dir_all(desk.path("images/part_2")).unwrap();
        desk.with_lesions(8)
    }

    pub fn with_lesions(mut self, lesions: usize) -> Self {
        self.rows.clear();
        for class in ham10000().iter() {
            for lesion in 0..lesions {
                let place = ["back", "face", "hand"][lesion % 3];
                for photo in 0..1 + usize::from(lesion % 3 == 0) {
                    let image = format!("ISIC_{}{lesion}{photo}", class.index());
                    self.draw(&image);
                    self.rows.push(format!(
                        "HAM_{class}{lesion},{image},{class},histo,{}5,female,{place},rosendahl",
                        lesion % 7
                    ));
                }
            }
        }
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Draws an image of its own colour; every other one in a subfolder, with another extension.
    pub fn draw(&self, id: &str) {
        let code = id
            .bytes()
            .fold(7u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        let colour = Rgb([code, code.wrapping_mul(3), 255 - code]);
        let place = if code.is_multiple_of(2) {
            "images/part_2"
        } else {
            "images"
        };
        let image = RgbImage::from_pixel(12, 9, colour);
        image
            .save(self.path(place).join(id).with_extension("PNG"))
            .unwrap();
    }

    pub fn write(&self, header: &str, rows: &[String]) {
        let text = format!("{header}\n{}\n", rows.join("\n"));
        fs::write(self.path("metadata.csv"), text).unwrap();
    }

    /// Runs prepare on the drawn images, made small, with some flags into the folder `out`.
    pub fn run_into(&self, out: &str, flags: &str) -> Output {
        self.run("images", out, &format!("--size 32 {flags}"))
    }

    pub fn run(&self, images: &str, out: &str, flags: &str) -> Output {
        skinlesion()
            .current_dir(self.home.path())
            .args(["prepare", "--metadata", "metadata.csv"])
            .args(["--images", images, "--out", out])
            .args(flags.split_whitespace())
            .output()
            .unwrap()
    }

    /// Writes the metadata and runs prepare, which must succeed.
    pub fn prepare(&self, flags: &str) -> Dataset {
        self.write(HEADER, &self.rows);
        let output = self.run_into("out", flags);
        assert!(output.status.success(), "{}", stderr(&output));
        Dataset::open(&self.path("out")).unwrap()
    }

    /// Runs prepare, which must fail with every one of `words` in its message and leave nothing behind.
    pub fn refuses(&self, flags: &str, words: &[&str]) {
        let before = names(self.home.path());
        let output = self.run_into("out", flags);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{message}");
        for word in words {
            assert!(message.contains(word), "'{word}' is not in: {message}");
        }
        assert_eq!(names(self.home.path()), before);
    }

    /// Writes the metadata first.
    pub fn refuses_rows(&self, flags: &str, words: &[&str]) {
        self.write(HEADER, &self.rows);
        self.refuses(flags, words);
    }
}

pub fn names(folder: &Path) -> BTreeSet<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let names = fs::read_dir(folder).unwrap().map(name);
    names.map(|name| name.into_string().unwrap()).collect()
}
