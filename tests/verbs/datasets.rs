//! Data sets in the forms in which they are published, from their tables to a prediction.

mod wrong_tables;

use std::fs;
use std::path::{Path, PathBuf};

use skinlesion::dataset::Dataset;
use skinlesion::dataset::group_by::GroupBy;
use tempfile::TempDir;

use crate::common::{photograph, skinlesion, stderr, stdout};
use crate::serve::client::{self, Served};

/// A folder with tables and drawn images.
pub struct Published {
    home: TempDir,
}

/// The number of images of a set.
const IMAGES: usize = 120;

impl Published {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn table(&self, name: &str, header: &str, rows: impl Iterator<Item = String>) {
        let rows: Vec<String> = rows.collect();
        fs::write(self.path(name), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    }

    pub fn draw(&self, file: &str, seed: u64) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        photograph(&path, seed);
    }

    /// Draws the images `ISIC_0`, `ISIC_1`, … of a folder.
    fn draw_all(&self) {
        (0..IMAGES).for_each(|i| self.draw(&format!("images/ISIC_{i}.jpg"), i as u64));
    }

    pub fn prepare(&self, flags: &str) -> std::process::Output {
        skinlesion()
            .current_dir(self.home.path())
            .args(["prepare", "--size", "32", "--out", "data"])
            .args(flags.split_whitespace())
            .output()
            .unwrap()
    }

    pub fn prepared(&self, flags: &str) -> Dataset {
        let output = self.prepare(flags);
        assert!(output.status.success(), "{}", stderr(&output));
        Dataset::open(&self.path("data")).unwrap()
    }

    fn output(&self, words: &str) -> std::process::Output {
        skinlesion()
            .current_dir(self.home.path())
            .args(words.split_whitespace())
            .output()
            .unwrap()
    }

    fn run(&self, words: &str) -> String {
        let output = self.output(words);
        assert!(output.status.success(), "{words}: {}", stderr(&output));
        stdout(&output)
    }

    /// Trains a small network on the dataset, evaluates and exports it, and predicts a photograph; gives the codes of
    /// the classes in the answer.
    fn codes_after_all_steps(&self, photograph: &Path) -> Vec<String> {
        self.run(
            "train --phase finetune --data data --weights none --set width=0.35 --set epochs=1 \
             --set batch_size=32 --out run --quiet",
        );
        self.run("eval --model run --data data --out eval --quiet");
        self.run("export --checkpoint run --data data --evaluation eval --format onnx,tflite --out exported --quiet");
        self.run("check exported --quiet");
        let served = self.codes_served();
        let photograph = photograph.display();
        let answer = self.run(&format!(
            "predict --model exported --top-k 100 --json {photograph}"
        ));
        let answer: serde_json::Value =
            serde_json::from_str(answer.lines().next().unwrap()).unwrap();
        let top = answer["top"].as_array().unwrap().iter();
        let mut codes: Vec<String> = top
            .map(|one| one["class"].as_str().unwrap().to_owned())
            .collect();
        codes.sort();
        assert_eq!(served, codes);
        codes
    }

    /// The codes of the classes in the description that the phone page reads, sorted.
    fn codes_served(&self) -> Vec<String> {
        let page = client::page(self.home.path());
        let server = Served::start(&self.path("exported"), &["--page", &page]);
        let answer = server.ask("GET /model/model.json", &[]);
        assert_eq!(answer.status, 200);
        let description: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let classes = description["classes"].as_array().unwrap().iter();
        let mut codes: Vec<String> = classes
            .map(|class| class["code"].as_str().unwrap().to_owned())
            .collect();
        codes.sort();
        codes
    }
}

/// The classes of a dataset, and what it keeps whole.
fn facts(dataset: &Dataset) -> (&str, GroupBy) {
    (dataset.info.classes.name(), dataset.info.group_by)
}

#[test]
fn isic_2019_has_eight_classes_and_its_metadata_completes_the_ground_truth() {
    let set = Published::new();
    set.draw_all();
    let codes = ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"];
    set.table(
        "truth.csv",
        "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK",
        (0..IMAGES).map(|i| {
            let bit = |class: usize| if class == i % 8 { "1.0" } else { "0.0" };
            let bits: Vec<&str> = (0..9).map(bit).collect();
            format!("ISIC_{i},{}", bits.join(","))
        }),
    );
    set.table(
        "metadata.csv",
        "image,age_approx,anatom_site_general,lesion_id,sex",
        (0..IMAGES).map(|i| {
            format!(
                "ISIC_{i},55.0,anterior torso,BCN_{},male",
                i / 16 * 8 + i % 8
            )
        }),
    );
    let data = set.prepared("--metadata truth.csv --metadata metadata.csv --images images");
    assert_eq!(facts(&data), ("isic2019", GroupBy::LesionId));
    let sample = &data.rows[0].sample;
    assert_eq!(
        (sample.localization.as_str(), sample.age.as_str()),
        ("anterior torso", "55.0")
    );
    assert!(sample.lesion_id.starts_with("BCN_"));
    let mut expected = codes.map(str::to_lowercase);
    expected.sort();
    assert_eq!(
        set.codes_after_all_steps(Path::new("images/ISIC_0.jpg")),
        expected
    );
}

#[test]
fn isic_2020_is_melanoma_against_the_rest_and_keeps_patients_whole() {
    let set = Published::new();
    set.draw_all();
    set.table(
        "truth.csv",
        "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target",
        (0..IMAGES).map(|i| {
            let (diagnosis, benign) = match i % 4 {
                0 => ("melanoma", "malignant"),
                1 => ("nevus", "benign"),
                _ => ("unknown", "benign"),
            };
            format!("ISIC_{i},IP_{},female,45.0,torso,{diagnosis},{benign},{}", i / 3, u8::from(i % 4 == 0))
        }),
    );
    let data = set.prepared("--metadata truth.csv --images images");
    assert_eq!(facts(&data), ("melanoma", GroupBy::Both));
    let mut place_of = std::collections::BTreeMap::new();
    for row in &data.rows {
        let place = place_of
            .entry(row.sample.patient_id.clone())
            .or_insert(row.split);
        assert_eq!(*place, row.split, "{}", row.sample.patient_id);
    }
    assert_eq!(
        set.codes_after_all_steps(Path::new("images/ISIC_0.jpg")),
        ["mel", "other"]
    );
}

#[test]
fn the_isic_archive_is_read_by_its_own_words() {
    let set = Published::new();
    set.draw_all();
    let diagnoses = [
        "nevus",
        "melanoma",
        "basal cell carcinoma",
        "seborrheic keratosis",
    ];
    set.table(
        "metadata.csv",
        "isic_id,attribution,copyright_license,age_approx,anatom_site_general,benign_malignant,diagnosis,diagnosis_confirm_type,image_type,lesion_id,sex",
        (0..IMAGES).map(|i| {
            let diagnosis = diagnoses[i % 4];
            format!("ISIC_{i},\"A, Clinic\",CC-0,40,head/neck,,{diagnosis},histopathology,dermoscopic,IL_{i},male")
        }),
    );
    let data = set.prepared("--metadata metadata.csv --images images");
    assert_eq!(facts(&data), ("ham10000", GroupBy::LesionId));
    let sample = &data.rows[0].sample;
    assert_eq!(
        (sample.source.as_str(), sample.dx_type.as_str()),
        ("A, Clinic", "histopathology")
    );
    assert_eq!(
        set.codes_after_all_steps(Path::new("images/ISIC_0.jpg"))
            .len(),
        7
    );
}

#[test]
fn pad_ufes_20_has_six_classes_and_file_names_with_extensions() {
    let set = Published::new();
    (0..IMAGES).for_each(|i| set.draw(&format!("images/PAT_{i}_{i}_1.png"), i as u64));
    set.table(
        "metadata.csv",
        "patient_id,lesion_id,smoke,age,gender,fitspatrick,region,diameter_1,diagnostic,itch,img_id,biopsed",
        (0..IMAGES).map(|i| {
            let diagnostic = ["ACK", "BCC", "MEL", "NEV", "SCC", "SEK"][i % 6];
            format!("PAT_{i},{i},False,55,FEMALE,3.0,NECK,6.0,{diagnostic},False,PAT_{i}_{i}_1.png,True")
        }),
    );
    let data = set.prepared("--metadata metadata.csv --images images");
    assert_eq!(facts(&data), ("pad-ufes-20", GroupBy::Both));
    assert_eq!(
        set.codes_after_all_steps(Path::new("images/PAT_0_0_1.png")),
        ["ack", "bcc", "mel", "nev", "scc", "sek"]
    );
}

#[test]
fn a_folder_for_each_class_needs_a_list_and_keeps_its_splits() {
    let set = Published::new();
    for i in 0..IMAGES {
        let split = ["train", "train", "val", "test"][i / 3 % 4];
        let class = ["mole", "wart", "cancer"][i % 3];
        set.draw(&format!("images/{split}/{class}/{i}.jpg"), i as u64);
    }
    // One picture in two splits.
    fs::copy(
        set.path("images/train/mole/0.jpg"),
        set.path("images/test/mole/copy.jpg"),
    )
    .unwrap();
    let refused = stderr(&set.prepare("--images-by-class images"));
    assert!(
        refused.contains("'cancer', 'mole', 'wart'")
            && refused.contains("skinlesion classes --from")
    );
    let drafted = set.run("classes --from images/train");
    let mut draft: toml::Table = drafted.parse().unwrap();
    let classes = draft["class"].as_array_mut().unwrap();
    classes[0]["malignant"] = true.into();
    classes[0]["watch"] = true.into();
    fs::write(set.path("mine.toml"), draft.to_string()).unwrap();

    let output = set.prepare("--images-by-class images --classes mine.toml --source clinic");
    assert!(stderr(&output).contains("names no lesions or patients"));
    assert!(stderr(&output).contains("1 pair of near-duplicates between the given splits"));
    let data = Dataset::open(&set.path("data")).unwrap();
    assert_eq!(data.info.classes.codes(), "cancer, mole, wart");
    for row in &data.rows {
        assert_eq!(row.sample.source, "clinic");
        let split = row.sample.image_id.split('/').next().unwrap();
        assert_eq!(split, row.split.name());
    }
    let codes = set.codes_after_all_steps(Path::new("images/test/mole/9.jpg"));
    assert_eq!(codes, ["cancer", "mole", "wart"]);
    let metrics = fs::read_to_string(set.path("eval/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    assert_eq!(metrics["operating_points"][0]["question"], "cancer");
    assert!(metrics["intervals"]["recall_cancer"].is_array());
    assert!(!metrics["undefined"].to_string().contains("melanoma"));
    let history = fs::read_to_string(set.path("run/history.csv")).unwrap();
    assert!(
        history
            .lines()
            .next()
            .unwrap()
            .ends_with("train_recall_cancer,val_recall_cancer")
    );

    // Another list: the base stays, the head is new.
    (0..IMAGES).for_each(|i| set.draw(&format!("others/ISIC_{i}.jpg"), 1000 + i as u64));
    set.table(
        "nevi.csv",
        "image,dx",
        (0..IMAGES).map(|i| format!("ISIC_{i},{}", ["nv", "mel"][i % 2])),
    );
    fs::rename(set.path("data"), set.path("first")).unwrap();
    set.prepared("--metadata nevi.csv --images others --classes melanoma");
    let output = set.output(
        "train --phase finetune --data data --from run --set width=0.35 --set epochs=1 --set batch_size=32 --out second",
    );
    assert!(output.status.success());
    assert!(stderr(&output).contains("The head is new"));
    let refused = set.output("eval --model run --data data --out eval2");
    assert!(
        stderr(&refused).contains(
            "its classes are mel, other, but those of the network are cancer, mole, wart"
        )
    );
}
