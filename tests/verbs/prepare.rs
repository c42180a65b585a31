//! `skinlesion prepare`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use image::{DynamicImage, ImageBuffer, Luma, Rgb, RgbImage};
use skinlesion::dataset::duplicates::Dedupe;
use skinlesion::dataset::manifest::Row;
use skinlesion::dataset::plan::{Plan, Rules};
use skinlesion::dataset::{Dataset, Part, Sample, metadata};
use skinlesion::{DEFAULT_SEED, Diagnosis};
use tempfile::TempDir;

use crate::common::{shared, skinlesion, stderr, stdout};

const HEADER: &str = "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset";

/// A folder with a metadata file and drawn images, for one test.
struct Desk {
    home: TempDir,
    /// The lines of the metadata below the header.
    rows: Vec<String>,
}

impl Desk {
    /// Seven classes of eight lesions each; every third lesion has two images.
    fn new() -> Self {
        let desk = Self {
            home: tempfile::tempdir().unwrap(),
            rows: Vec::new(),
        };
        fs::create_dir_all(desk.path("images/part_2")).unwrap();
        desk.with_lesions(8)
    }

    fn with_lesions(mut self, lesions: usize) -> Self {
        self.rows.clear();
        for class in Diagnosis::ALL {
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

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Draws an image of its own colour; every other one in a subfolder, with another extension.
    fn draw(&self, id: &str) {
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

    fn write(&self, header: &str, rows: &[String]) {
        let text = format!("{header}\n{}\n", rows.join("\n"));
        fs::write(self.path("metadata.csv"), text).unwrap();
    }

    /// Runs prepare on the drawn images, made small, with some flags into the folder `out`.
    fn run_into(&self, out: &str, flags: &str) -> Output {
        self.run("images", out, &format!("--size 32 {flags}"))
    }

    fn run(&self, images: &str, out: &str, flags: &str) -> Output {
        skinlesion()
            .current_dir(self.home.path())
            .args(["prepare", "--metadata", "metadata.csv"])
            .args(["--images", images, "--out", out])
            .args(flags.split_whitespace())
            .output()
            .unwrap()
    }

    /// Writes the metadata and runs prepare, which must succeed.
    fn prepare(&self, flags: &str) -> Dataset {
        self.write(HEADER, &self.rows);
        let output = self.run_into("out", flags);
        assert!(output.status.success(), "{}", stderr(&output));
        Dataset::open(&self.path("out")).unwrap()
    }

    /// Runs prepare, which must fail with every one of `words` in its message and leave nothing behind.
    fn refuses(&self, flags: &str, words: &[&str]) {
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
    fn refuses_rows(&self, flags: &str, words: &[&str]) {
        self.write(HEADER, &self.rows);
        self.refuses(flags, words);
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let names = fs::read_dir(folder).unwrap().map(name);
    names.map(|name| name.into_string().unwrap()).collect()
}

/// The images of each lesion in a part.
fn by_lesion(rows: &[Row], part: Part) -> BTreeMap<&str, usize> {
    let mut lesions = BTreeMap::new();
    for row in rows.iter().filter(|row| row.split == part) {
        *lesions.entry(row.sample.lesion_id.as_str()).or_default() += 1;
    }
    lesions
}

fn assert_no_lesion_is_shared(rows: &[Row]) {
    let lesions = Part::ALL.map(|part| by_lesion(rows, part));
    let all: BTreeSet<_> = lesions.iter().flat_map(BTreeMap::keys).collect();
    assert_eq!(all.len(), lesions.iter().map(BTreeMap::len).sum::<usize>());
}

#[test]
fn writes_a_folder_that_describes_itself() {
    let desk = Desk::new();
    let data = desk.prepare("");
    assert_eq!(data.info.rows_read, 77);
    let dropped: usize = data.info.dropped.iter().map(|d| d.rows).sum();
    assert_eq!(data.info.images + dropped, 77);
    assert_eq!(data.info.counts.val, [2; 7]); // ⌈.15 × 8⌉
    assert_eq!(data.info.counts.test, [2; 7]);
    assert_eq!(data.info.lesions.train, [4; 7]);
    let weighed: f64 = (0..7)
        .map(|c| data.info.class_weights[c] * data.info.counts.train[c] as f64)
        .sum();
    let training: usize = data.info.counts.train.iter().sum();
    assert!((weighed - training as f64).abs() < 1e-9);
    assert!(data.path.join("class_distribution.svg").exists());
}

#[test]
fn pixels_stand_in_the_order_of_the_manifest() {
    let desk = Desk::new();
    let data = desk.prepare("");
    for (index, row) in data.rows.iter().enumerate() {
        let name = format!("{}.PNG", row.sample.image_id);
        let file = ["images", "images/part_2"].map(|folder| desk.path(folder).join(&name));
        let file = file.iter().find(|file| file.exists()).unwrap();
        let colour = image::open(file).unwrap().to_rgb8().get_pixel(0, 0).0;
        assert_eq!(data.pixels.image(index)[..3], colour, "{name}");
        assert_eq!(data.pixels.image(index).len(), 32 * 32 * 3);
    }
}

#[test]
fn no_rule_for_duplicates_shares_a_lesion_between_parts() {
    let mut desk = Desk::new();
    // Rows of one lesion that differ: the original's rule keeps both.
    desk.rows[0] = desk.rows[0].replace("back", "face");
    for rule in ["group", "lesion", "original"] {
        let data = desk.prepare(&format!("--force --dedupe {rule}"));
        assert_no_lesion_is_shared(&data.rows);
        let rows_kept = |part| *by_lesion(&data.rows, part).values().max().unwrap();
        let expected = match rule {
            "group" => [2, 1, 1],
            "lesion" => [1, 1, 1],
            _ => continue,
        };
        assert_eq!(Part::ALL.map(rows_kept), expected, "{rule}");
    }
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert_eq!(data.rows.len(), 7 * 8 + 1);
}

#[test]
fn tells_what_each_rule_for_duplicates_drops() {
    let mut desk = Desk::new();
    desk.rows[0] = desk.rows[0].replace("back", "face");
    desk.write(HEADER, &desk.rows);
    let output = desk.run_into("out", "--json");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["dropped_by_rule"]["lesion"], 21);
    assert_eq!(said["dropped_by_rule"]["original"], 20);
    assert_eq!(said["lesions_kept_repeatedly_by_original"], 1);
    let group = &said["dataset"]["dropped"][0]["rows"];
    assert_eq!(&said["dropped_by_rule"]["group"], group);
    assert_eq!(said["files"].as_array().unwrap().len(), 5);
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_threads_and_the_order_of_rows() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    assert!(desk.run_into("one", "--threads 1").status.success());
    assert!(desk.run_into("two", "--threads 3").status.success());
    let backwards: Vec<String> = desk.rows.iter().rev().cloned().collect();
    desk.write(HEADER, &backwards);
    assert!(desk.run_into("three", "").status.success());
    assert!(desk.run_into("four", "--seed 5").status.success());
    let bytes = |folder: &str, file: &str| fs::read(desk.path(folder).join(file)).unwrap();
    for file in ["manifest.csv", "pixels.bin"] {
        assert!(bytes("one", file) == bytes("two", file), "{file}");
        assert!(bytes("one", file) == bytes("three", file), "{file}");
    }
    assert!(bytes("one", "dataset.json") == bytes("two", "dataset.json"));
    assert!(bytes("one", "manifest.csv") != bytes("four", "manifest.csv"));
}

#[test]
fn reads_the_metadata_in_every_form_it_is_found_in() {
    let desk = Desk::new();
    let samples = |text: String| {
        let file = desk.path("any name");
        fs::write(&file, text).unwrap();
        let rows = metadata::read(&file).unwrap().rows;
        rows.into_iter().map(|row| row.sample).collect::<Vec<_>>()
    };
    let text = format!("{HEADER}\n{}\n", desk.rows.join("\n"));
    let plain = samples(text.clone());
    assert_eq!(plain.len(), 77);
    assert_eq!(plain[0].source, "rosendahl");
    assert_eq!(samples(text.replace(',', "\t")), plain);
    assert_eq!(samples(text.replace('\n', "\r\n")), plain);
    assert_eq!(samples(format!("\u{feff}{text}")), plain);
    assert_eq!(samples(text.replace("HAM_akiec0", "\"HAM_akiec0\"")), plain);
    let without = samples(text.replace(",rosendahl", "").replace(",dataset", ""));
    assert_eq!(without.len(), 77);
    assert!(without.iter().all(|sample| sample.source.is_empty()));
}

#[test]
fn empty_fields_become_unknown_and_age_stays_as_written() {
    let mut desk = Desk::new();
    desk.rows[3] = "HAM_x,ISIC_001,akiec,consensus,,,,".to_owned();
    desk.rows[4] = "HAM_y,ISIC_010,akiec,histo,80.0,male,scalp,".to_owned();
    desk.write(HEADER, &desk.rows[3..5]);
    let rows = metadata::read(&desk.path("metadata.csv")).unwrap().rows;
    let [x, y] = [&rows[0].sample, &rows[1].sample];
    assert_eq!(
        (x.sex.as_str(), x.localization.as_str(), x.age.as_str()),
        ("unknown", "unknown", "")
    );
    assert_eq!(y.age, "80.0");
}

#[test]
fn reads_isic_ground_truth_where_each_image_is_its_own_lesion() {
    let desk = Desk::new();
    let rows: Vec<String> = (0..28)
        .map(|i| {
            let image = format!("ISIC_{}{}0", i % 7, i / 7);
            let marks: Vec<&str> = (0..7)
                .map(|c| if c == i % 7 { "1.0" } else { "0.0" })
                .collect();
            format!("{image},{}", marks.join(","))
        })
        .collect();
    desk.write("image,MEL,NV,BCC,AKIEC,BKL,DF,VASC", &rows);
    let output = desk.run_into("out", "");
    assert!(output.status.success(), "{}", stderr(&output));
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert_eq!(data.info.lesions, data.info.counts);
    let first = data
        .rows
        .iter()
        .find(|row| row.sample.image_id == "ISIC_000");
    assert_eq!(first.unwrap().sample.dx, Diagnosis::Mel);

    desk.write(
        "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC",
        &["ISIC_000,1,0,0,0,0,0,1".to_owned()],
    );
    desk.refuses("--force", &["line 2: 2 diagnoses are marked"]);
    desk.write("image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC", &rows);
    desk.refuses(
        "--force",
        &["missing columns: AKIEC", "ISIC's ground truth"],
    );
}

#[test]
fn refuses_missing_columns_and_names_them() {
    let desk = Desk::new();
    desk.write(
        "lesion,image_id,dx,dx_type,age,sex,place,dataset",
        &desk.rows,
    );
    desk.refuses(
        "",
        &[
            "metadata.csv:1",
            "missing columns: lesion_id, localization",
            "found: lesion, image_id",
        ],
    );
}

#[test]
fn refuses_unknown_diagnoses_with_their_lines() {
    let mut desk = Desk::new();
    for row in 11..19 {
        desk.rows[row] = desk.rows[row]
            .replace("histo", "x")
            .replace(",bcc,", ",mole,");
    }
    desk.refuses_rows(
        "",
        &[
            "8 rows cannot be used",
            "line 13: unknown dx 'mole'",
            "line 17",
            "and 3 more",
            "akiec, bcc",
        ],
    );
}

#[test]
fn refuses_rows_of_another_length_and_text_that_is_no_table() {
    let mut desk = Desk::new();
    desk.rows[2].push_str(",more");
    desk.refuses_rows("", &["metadata.csv:4", "9 fields where the header has 8"]);
    fs::write(desk.path("metadata.csv"), [0x50, 0x4b, 0x0a, 0xff, 0xfe]).unwrap();
    desk.refuses("", &["metadata.csv:2", "not UTF-8"]);
    fs::write(desk.path("metadata.csv"), HEADER).unwrap();
    desk.refuses("", &["no rows below the header"]);
    fs::write(desk.path("metadata.csv"), "").unwrap();
    desk.refuses("", &["missing columns"]);
    fs::remove_file(desk.path("metadata.csv")).unwrap();
    desk.refuses("", &["cannot read metadata.csv"]);
}

#[test]
fn refuses_an_image_twice_with_different_labels_and_drops_equal_rows() {
    let mut desk = Desk::new();
    let twice = desk.rows[0].clone();
    desk.rows.push(twice.clone());
    let data = desk.prepare("");
    assert!(
        data.info
            .dropped
            .iter()
            .any(|d| d.reason.contains("repeated") && d.rows == 1)
    );
    desk.rows[77] = twice.replace(",akiec,", ",mel,");
    desk.refuses_rows(
        "--force",
        &["lines 2 and 79: ISIC_000 has dx 'akiec' and 'mel'"],
    );
    assert!(Dataset::open(&desk.path("out")).is_ok());
}

#[test]
fn refuses_a_lesion_with_two_diagnoses() {
    let mut desk = Desk::new();
    desk.rows[1] = desk.rows[1].replace(",akiec,", ",nv,");
    desk.refuses_rows("", &["lines 2 and 3: HAM_akiec0 is akiec and nv"]);
}

#[test]
fn refuses_images_that_are_not_on_disk_unless_allowed() {
    let mut desk = Desk::new();
    desk.rows
        .push("HAM_new,ISIC_999,nv,histo,50,male,back,x".to_owned());
    desk.refuses_rows(
        "",
        &[
            "images: 1 image of the metadata is not in there",
            "line 79: ISIC_999",
            "--allow-missing",
        ],
    );
    let data = desk.prepare("--allow-missing");
    assert!(
        data.info
            .dropped
            .iter()
            .any(|d| d.reason.contains("not on disk") && d.rows == 1)
    );
}

#[test]
fn refuses_files_that_do_not_decode_unless_they_may_be_skipped() {
    let desk = Desk::new();
    // The image that would stand for its lesion: its sibling takes its place.
    let find = |id: &str| {
        let file = desk.path("images").join(id).with_extension("PNG");
        if file.exists() {
            file
        } else {
            desk.path("images/part_2").join(id).with_extension("PNG")
        }
    };
    let whole = fs::read(find("ISIC_000")).unwrap();
    fs::write(find("ISIC_000"), &whole[..whole.len() / 2]).unwrap();
    fs::write(find("ISIC_010"), "no image").unwrap();
    desk.refuses_rows(
        "",
        &[
            "2 files cannot be decoded",
            "ISIC_000.PNG",
            "ISIC_010.PNG",
            "--skip-bad",
        ],
    );
    let data = desk.prepare("--skip-bad");
    assert!(
        data.info
            .dropped
            .iter()
            .any(|d| d.reason.contains("decode") && d.rows == 2)
    );
    assert!(
        data.rows
            .iter()
            .any(|row| row.sample.image_id == "ISIC_001")
    );
    assert!(
        !data
            .rows
            .iter()
            .any(|row| row.sample.lesion_id == "HAM_akiec1")
    );
}

#[test]
fn refuses_a_class_with_too_few_lesions_to_split() {
    let mut desk = Desk::new();
    desk.rows.retain(|row| {
        !row.starts_with("HAM_df") || row.starts_with("HAM_df1") || row.starts_with("HAM_df2")
    });
    desk.refuses_rows("", &["too few lesions", "df: 2 lesions"]);
    desk.prepare("--test 0");
}

#[test]
fn refuses_an_empty_part_unless_no_test_part_is_wanted() {
    let desk = Desk::new();
    desk.refuses_rows("--val 0", &["the val part is empty"]);
    let data = desk.prepare("--test 0");
    assert!(data.part(Part::Test).is_empty());
}

#[test]
fn refuses_shares_that_make_no_sense() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    for shares in [
        "--val 1.5",
        "--val=-.1",
        "--test x",
        "--test nv=.1",
        "--val mole=.1,default=.1",
    ] {
        let output = desk.run_into("out", shares);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{shares}: {}",
            stderr(&output)
        );
    }
    desk.refuses(
        "--val .6 --test nv=.5,default=.1",
        &["0.6 and 0.5 of nv leave nothing for training"],
    );
}

#[test]
fn takes_shares_by_class() {
    let data = Desk::new().prepare("--val nv=.5,default=.2 --test .1");
    assert_eq!(data.info.counts.val, [2, 2, 2, 2, 2, 4, 2]);
    assert_eq!(data.info.counts.test, [1; 7]);
}

#[test]
fn replaces_a_dataset_only_when_forced_and_never_another_folder() {
    let desk = Desk::new();
    desk.prepare("");
    desk.refuses("", &["out already exists", "--force"]);
    desk.prepare("--force");
    fs::remove_file(desk.path("out/dataset.json")).unwrap();
    desk.refuses("--force", &["no dataset.json"]);
}

#[test]
fn refuses_folders_without_images_and_ids_that_two_files_claim() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    desk.refuses("--images nowhere", &["nowhere: no such folder"]);
    fs::create_dir_all(desk.path("copies")).unwrap();
    fs::create_dir_all(desk.path("empty")).unwrap();
    let first = fs::read_dir(desk.path("images/part_2"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    fs::copy(first.path(), desk.path("copies").join(first.file_name())).unwrap();
    // The same file found twice and an equal copy do no harm.
    desk.prepare("--images copies --images images/part_2");
    let other = RgbImage::from_pixel(3, 3, Rgb([1, 2, 3]));
    other
        .save(
            desk.path("copies")
                .join(first.file_name())
                .with_extension("png"),
        )
        .unwrap();
    desk.refuses(
        "--force --images copies",
        &["another image has the same id"],
    );
    let output = desk.run("empty", "x", "");
    assert!(stderr(&output).contains("no .jpg, .jpeg or .png file"));
}

#[test]
fn an_external_test_set_may_lack_classes_and_says_so() {
    let mut desk = Desk::new();
    desk.rows
        .retain(|row| row.contains(",mel,") || row.contains(",nv,"));
    desk.write(HEADER, &desk.rows);
    let output = desk.run_into("out", "--as test");
    assert!(stderr(&output).contains("no image of vasc"));
    assert!(stdout(&output).contains("--split test"));
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert_eq!(data.info.counts.test, [0, 0, 0, 0, 8, 8, 0]);
    assert_eq!(data.part(Part::Test).len(), data.rows.len());
}

#[test]
fn says_what_it_made_and_how_to_go_on() {
    let desk = Desk::new();
    desk.write(HEADER, &desk.rows);
    let said = stdout(&desk.run_into("ham", ""));
    for words in [
        "56 lesions, from 77 rows of metadata.csv",
        "--dedupe lesion",
        "skinlesion train --phase transfer --data ham --out checkpoints/ham",
        "ham/pixels.bin",
    ] {
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
}

#[test]
fn greyscale_cmyk_sixteen_bit_and_turned_files_come_out_right() {
    let desk = Desk::new();
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/images");
    let images = desk.path("odd");
    fs::create_dir(&images).unwrap();
    fs::copy(reference.join("cmyk.jpg"), images.join("a.JPG")).unwrap();
    let grey = ImageBuffer::from_pixel(40, 30, Luma([77u8]));
    DynamicImage::ImageLuma8(grey)
        .save(images.join("b.jpeg"))
        .unwrap();
    let deep = ImageBuffer::from_pixel(40, 30, Rgb([257 * 9u16, 257 * 99, 257 * 199]));
    DynamicImage::ImageRgb16(deep)
        .save(images.join("c.png"))
        .unwrap();
    fs::write(images.join("d.jpg"), turned_jpeg()).unwrap();
    let rows: Vec<String> = ["a", "b", "c", "d"]
        .map(|id| format!("L{id},{id},nv,,,,,"))
        .to_vec();
    desk.write(HEADER, &rows);
    let output = desk.run_into("out", "--as test --images odd");
    assert!(output.status.success(), "{}", stderr(&output));
    let data = Dataset::open(&desk.path("out")).unwrap();
    let near = |image: usize, x: usize, y: usize, colour: [u8; 3]| {
        let at = (y * 32 + x) * 3;
        let got = &data.pixels.image(image)[at..at + 3];
        let off = got
            .iter()
            .zip(colour)
            .map(|(a, b)| a.abs_diff(b))
            .max()
            .unwrap();
        assert!(off <= 8, "image {image}: {got:?} is not {colour:?}");
    };
    let squares = image::open(reference.join("cmyk.png")).unwrap().to_rgb8();
    for (x, y) in [(5, 5), (26, 5), (5, 26), (26, 26)] {
        near(0, x, y, squares.get_pixel(x as u32, y as u32).0);
    }
    near(1, 16, 16, [77, 77, 77]);
    near(2, 16, 16, [9, 99, 199]);
    // Stored with red above; to be shown turned by a quarter to the right, which brings it to the right.
    near(3, 28, 16, [230, 0, 0]);
    near(3, 3, 16, [0, 0, 230]);
}

/// A JPEG, red above blue, with EXIF orientation 6.
fn turned_jpeg() -> Vec<u8> {
    use image::ImageEncoder;
    let image = RgbImage::from_fn(32, 32, |_, y| {
        Rgb(if y < 16 { [230, 0, 0] } else { [0, 0, 230] })
    });
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder.encode_image(&image).unwrap();
    bytes
}

#[test]
fn the_real_metadata_loses_as_many_rows_as_is_known() {
    let Some(file) = shared("ham10000/HAM10000_metadata.csv") else {
        return;
    };
    let samples = real_samples(&file);
    let rows_left = |rules: Rules| Plan::new(&samples, &rules).unwrap().rows.len();
    let original = Rules::original(DEFAULT_SEED);
    let all = Rules {
        least_per_localization: 0,
        ..original
    };
    assert_eq!(10_015 - rows_left(all), 2_543);
    assert_eq!(
        10_015
            - rows_left(Rules {
                dedupe: Dedupe::Lesion,
                ..all
            }),
        2_545
    );
}

#[test]
fn the_original_preset_has_the_validation_set_that_was_published() {
    let Some(file) = shared("ham10000/HAM10000_metadata.csv") else {
        return;
    };
    let samples = real_samples(&file);
    let plan = Plan::new(&samples, &Rules::original(DEFAULT_SEED)).unwrap();
    let mut supports = [0; 7];
    for (sample, part) in plan.rows {
        supports[samples[sample].dx.index()] += usize::from(part == Part::Val);
    }
    assert_eq!(supports, [34, 49, 109, 11, 93, 540, 14]);
}

fn real_samples(file: &Path) -> Vec<Sample> {
    let rows = metadata::read(file).unwrap().rows;
    rows.into_iter().map(|row| row.sample).collect()
}

#[test]
fn real_images_go_through() {
    let (Some(originals), Some(metadata)) = (
        shared("ham10000_originals"),
        shared("ham10000/HAM10000_metadata.csv"),
    ) else {
        return;
    };
    let desk = Desk::new();
    fs::copy(&metadata, desk.path("metadata.csv")).unwrap();
    fs::create_dir(desk.path("real")).unwrap();
    for name in names(&originals)
        .iter()
        .filter(|n| n.ends_with(".jpg"))
        .step_by(15)
    {
        fs::copy(originals.join(name), desk.path("real").join(name)).unwrap();
    }
    let output = desk.run(
        "real",
        "out",
        "--as test --allow-missing --dedupe original --size 224",
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let data = Dataset::open(&desk.path("out")).unwrap();
    assert!(data.rows.len() > 5);
    for (index, row) in data.rows.iter().enumerate() {
        let bytes = data.pixels.image(index);
        let mean = bytes.iter().map(|&b| usize::from(b)).sum::<usize>() / bytes.len();
        assert!((60..240).contains(&mean), "{}: {mean}", row.sample.image_id);
    }
}
