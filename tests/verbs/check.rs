//! `skinlesion check`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use skinlesion::dataset::Dataset;
use skinlesion::files;
use skinlesion::progress::Silent;
use skinlesion::synthetic::{self, Options};
use tempfile::TempDir;

use crate::common::{skinlesion, stderr, stdout};

/// Drawn photographs in a folder of their own, which a test may add to.
pub struct Photographs {
    home: TempDir,
}

impl Photographs {
    pub fn new(lesions: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let options = Options {
            lesions,
            width: 160,
            height: 120,
            ..Options::default()
        };
        synthetic::draw(&home.path().join("drawn"), &options, &Silent).unwrap();
        Self { home }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn metadata(&self) -> PathBuf {
        self.path("drawn").join(synthetic::METADATA)
    }

    fn rows(&self) -> Vec<String> {
        let text = fs::read_to_string(self.metadata()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Takes the only image of the `number`th lesion that has one, mirrors it, compresses it harder, and adds it
    /// under other ids.
    pub fn copy_mirrored(&mut self, number: usize, lesion: &str, id: &str) {
        let mut rows = self.rows();
        let lesion_of = |row: &str| row.split(',').next().unwrap().to_owned();
        let singles = rows[1..].iter().filter(|row| {
            let of_lesion = rows
                .iter()
                .filter(|other| lesion_of(other) == lesion_of(row));
            of_lesion.count() == 1
        });
        let row = singles.step_by(5).nth(number).unwrap().clone();
        let image_id = row.split(',').nth(1).unwrap();
        let folders = synthetic::IMAGE_FOLDERS.map(|folder| self.path("drawn").join(folder));
        let source = folders
            .iter()
            .map(|folder| folder.join(format!("{image_id}.jpg")));
        let source = source.into_iter().find(|file| file.exists()).unwrap();
        let copy = image::open(source).unwrap().fliph().into_rgb8();
        let mut bytes = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 60);
        copy.write_with_encoder(encoder).unwrap();
        fs::write(folders[0].join(format!("{id}.jpg")), bytes).unwrap();
        rows.push(row.replace(&lesion_of(&row), lesion).replace(image_id, id));
        fs::write(self.metadata(), rows.join("\n") + "\n").unwrap();
    }

    /// Says that a lesion comes from another collection.
    pub fn set_source(&mut self, lesion: &str, source: &str) {
        let mut rows = self.rows();
        for row in rows
            .iter_mut()
            .filter(|row| row.starts_with(&format!("{lesion},")))
        {
            let (before, _) = row.rsplit_once(',').unwrap();
            *row = format!("{before},{source}");
        }
        fs::write(self.metadata(), rows.join("\n") + "\n").unwrap();
    }

    /// Moves lines of the metadata into a table of their own.
    pub fn move_rows(&self, table: &str, moved: impl Fn(&str) -> bool) {
        let rows = self.rows();
        let kept = rows.iter().filter(|row| moved(row)).cloned();
        let moved_rows: Vec<String> = rows[..1].iter().cloned().chain(kept).collect();
        fs::write(self.path(table), moved_rows.join("\n") + "\n").unwrap();
        self.keep(|row| !moved(row));
    }

    /// Leaves only these lines of the metadata.
    fn keep(&self, keep: impl Fn(&str) -> bool) {
        let mut rows = self.rows();
        let header = rows.remove(0);
        rows.retain(|row| keep(row));
        fs::write(self.metadata(), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    }

    pub fn run(&self, out: &str, flags: &str) -> Output {
        skinlesion()
            .current_dir(self.home.path())
            .args(["prepare", "--size", "64", "--images", "drawn", "--out", out])
            .arg("--metadata")
            .arg(self.metadata())
            .args(flags.split_whitespace())
            .output()
            .unwrap()
    }

    pub fn prepare(&self, out: &str, flags: &str) -> Dataset {
        let output = self.run(out, flags);
        assert!(output.status.success(), "{}", stderr(&output));
        Dataset::open(&self.path(out)).unwrap()
    }

    fn check(&self, arguments: &str) -> Output {
        skinlesion()
            .current_dir(self.home.path())
            .arg("check")
            .args(arguments.split_whitespace())
            .output()
            .unwrap()
    }

    fn proves(&self, arguments: &str) {
        let output = self.check(arguments);
        assert!(
            output.status.success(),
            "{}{}",
            stdout(&output),
            stderr(&output)
        );
        assert!(stdout(&output).contains("Checked"));
    }

    fn finds(&self, arguments: &str, words: &[&str]) {
        let output = self.check(arguments);
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{said}{}", stderr(&output));
        for word in words {
            assert!(said.contains(word), "'{word}' is not in: {said}");
        }
    }
}

/// Changes the manifest, and its hash in dataset.json with it if that is to be hidden.
fn change_manifest(data: &Path, hidden: bool, change: impl Fn(&str) -> String) {
    let path = data.join("manifest.csv");
    let before = files::sha256_file(&path).unwrap();
    let changed = change(&fs::read_to_string(&path).unwrap());
    fs::write(&path, changed).unwrap();
    if hidden {
        let info = fs::read_to_string(data.join("dataset.json")).unwrap();
        let info = info.replace(&before, &files::sha256_file(&path).unwrap());
        let mut info: serde_json::Value = serde_json::from_str(&info).unwrap();
        info.as_object_mut().unwrap().remove("digests").unwrap();
        fs::write(data.join("dataset.json"), info.to_string()).unwrap();
    }
}

#[test]
fn proves_what_prepare_wrote_with_parts_and_with_folds() {
    let mut photographs = Photographs::new(60);
    photographs.copy_mirrored(0, "HAM_90", "ISIC_90");
    photographs.prepare("out", "");
    photographs.prepare("folds", "--folds 2");
    photographs.proves("--data out");
    photographs.proves("--data folds");
    let output = photographs.check("--data out --json");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["sound"], true);
    assert!(
        said["proved"].to_string().contains("near-duplicates"),
        "{said}"
    );
}

#[test]
fn check_names_a_lesion_in_two_parts_and_all_else_that_is_wrong() {
    let photographs = Photographs::new(60);
    let data = photographs.prepare("out", "");
    let lesion = &data
        .rows
        .iter()
        .find(|row| row.split.name() == "test")
        .unwrap()
        .sample
        .lesion_id;
    let train = &data
        .rows
        .iter()
        .find(|row| row.split.name() == "train")
        .unwrap()
        .sample;
    change_manifest(&data.path, true, |text| {
        let lines = text.lines().map(|line| {
            let of_train = line.starts_with(&format!("{},", train.image_id));
            let line = match of_train {
                true => line
                    .replace(&train.lesion_id, lesion)
                    .replace(",train", ",val"),
                false => line.to_owned(),
            };
            line + "\n"
        });
        lines.collect()
    });
    let words = [
        &format!("lesion {lesion} is in"),
        "more than one split or fold",
        "counts in dataset.json differ from the manifest",
        "pixels.bin is unchanged",
    ];
    photographs.finds("--data out", &words);
    // Training does not begin on it either.
    let error = Dataset::open(&data.path).unwrap_err().to_string();
    assert!(
        error.contains(words[0]) && error.contains("counts"),
        "{error}"
    );
}

#[test]
fn check_names_a_group_that_was_torn_apart() {
    let mut photographs = Photographs::new(60);
    photographs.copy_mirrored(0, "HAM_90", "ISIC_90");
    let data = photographs.prepare("out", "");
    change_manifest(&data.path, true, |text| {
        let lines = text.lines().map(|line| match line.starts_with("ISIC_90,") {
            true => line.rsplit_once(',').unwrap().0.to_owned() + ",test\n",
            false => format!("{line}\n"),
        });
        lines.collect()
    });
    photographs.finds("--data out", &["HAM_90", "which shows the same skin"]);
}

#[test]
fn check_finds_a_changed_pixel_and_a_changed_manifest() {
    let photographs = Photographs::new(60);
    let data = photographs.prepare("out", "");
    let pixels = data.path.join("pixels.bin");
    let mut bytes = fs::read(&pixels).unwrap();
    bytes[12_345] ^= 1;
    fs::write(&pixels, &bytes).unwrap();
    photographs.finds("--data out", &["pixels.bin has another hash"]);
    change_manifest(&data.path, false, |text| text.replace(",male,", ",female,"));
    photographs.finds(
        "--data out",
        &[
            "pixels.bin has another hash",
            "manifest.csv has another hash",
        ],
    );
    fs::write(&pixels, &bytes[1..]).unwrap();
    photographs.finds("--data out", &["pixels.bin holds"]);
}

#[test]
fn an_external_copy_of_a_training_image_is_found() {
    let mut photographs = Photographs::new(60);
    photographs.prepare("training", "--test 0");
    photographs.copy_mirrored(0, "HAM_90", "ELSE_1");
    photographs.copy_mirrored(1, "HAM_91", "ELSE_2");
    photographs.keep(|row| row.contains("ELSE_"));
    photographs.prepare("external", "--as test");
    photographs.proves("--data external");
    photographs.finds(
        "--data external --against training",
        &[
            "ELSE_1 (",
            "ELSE_2 (",
            "no lesion of the test split is used for training or validation",
        ],
    );
    photographs.prepare("same", "--as test --force");
    photographs.finds(
        "--data same --against external --against training",
        &["ELSE_1"],
    );
}

#[cfg(feature = "torch")]
#[test]
fn a_test_lesion_that_another_split_or_a_network_was_trained_on_is_found() {
    let photographs = Photographs::new(60);
    photographs.prepare("out", "");
    photographs.prepare("other", "--seed 5");
    photographs.proves("--data out --against out");
    photographs.finds(
        "--data other --against out",
        &[
            "lesions of the val split are used for training in",
            "lesions of the test split are used for training or validation",
            "images of the test split are used for training or validation",
        ],
    );
    skinlesion()
        .current_dir(photographs.home.path())
        .args([
            "train", "--phase", "transfer", "--data", "out", "--out", "run",
        ])
        .args(["--weights", "none", "--set", "width=0.35", "--epochs", "1"])
        .assert()
        .success();
    photographs.proves("--data out --against run");
    photographs.finds(
        "--data other --against run",
        &["the network was trained on"],
    );
}
