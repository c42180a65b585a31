//! Files with changed bytes: every reader answers or refuses them, soon and without a panic.
//!
//! A few files for each reader run with the suite. `SKINLESION_FUZZ_SECONDS=600` gives each reader that time instead.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use skinlesion::classes::ham10000;
use skinlesion::dataset::{manifest, metadata};
use skinlesion::imaging::resize::ResizeRule;
use skinlesion::imaging::{decode, read};
use skinlesion::inference::onnx::OnnxClassifier;
use skinlesion::inference::tflite::TfliteClassifier;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::pretrained::pth;

use crate::common::{photograph, skinlesion};
use crate::networks::random_checkpoint;

/// Files for each reader in the suite.
const FILES: usize = 40;

/// The longest time for one file, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Valid files, written once.
static VALID: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_owned();
    for name in ["picture.png", "picture.jpg"] {
        photograph(&folder.join(name), 1);
    }
    let checkpoint = random_checkpoint(&folder);
    skinlesion()
        .args(["export", "--format", "onnx,tflite", "--checkpoint"])
        .arg(&checkpoint)
        .arg("--out")
        .arg(folder.join("exported"))
        .assert()
        .success();
    (home, folder)
});

/// Reads valid bytes, and then changed ones for as long as asked.
fn survives(name: &str, valid: &[u8], read: impl Fn(&Path) -> bool) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(name);
    fs::write(&path, valid).unwrap();
    assert!(read(&path), "{name} is refused as it is");
    let seconds = std::env::var("SKINLESION_FUZZ_SECONDS").ok();
    let seconds: Option<u64> = seconds.map(|seconds| seconds.parse().unwrap());
    let began = Instant::now();
    for seed in 0.. {
        match seconds {
            Some(seconds) if began.elapsed().as_secs() >= seconds => {
                eprintln!("{name}: {seed} files");
                break;
            }
            None if seed as usize == FILES => break,
            _ => {}
        }
        fs::write(&path, changed(valid, seed)).unwrap();
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&path)));
        assert!(outcome.is_ok(), "{name}, seed {seed}: a panic");
        assert!(start.elapsed() < LIMIT, "{name}, seed {seed}: too slow");
    }
}

/// The bytes with one to four changes, half of them near the start, where files say what they are.
fn changed(valid: &[u8], seed: u64) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut bytes = valid.to_vec();
    for _ in 0..random.random_range(1..=4) {
        if bytes.is_empty() {
            break;
        }
        let end = match random.random::<bool>() {
            true => bytes.len().min(512),
            false => bytes.len(),
        };
        let at = random.random_range(0..end);
        let length = random.random_range(1..=16).min(bytes.len() - at);
        match random.random_range(0..6) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes[at..at + length].fill(0xff),
            2 => bytes[at..at + length].fill(0),
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..at + length)),
            _ => {
                let more: Vec<u8> = (0..length).map(|_| random.random()).collect();
                bytes.splice(at..at, more);
            }
        }
    }
    bytes
}

fn valid(name: &str) -> Vec<u8> {
    fs::read(VALID.1.join(name)).unwrap()
}

#[test]
fn pictures_with_changed_bytes_are_decoded_or_refused() {
    let rule = ResizeRule::square(32);
    for name in ["picture.png", "picture.jpg"] {
        survives(name, &valid(name), |path| {
            let bytes = fs::read(path).unwrap();
            let decoded = decode::decode(&bytes).is_ok();
            match read::read_image(path, rule) {
                Ok(_) => assert!(decoded),
                // A changed header can be that of an image which is too small or too long.
                Err(refusal) => assert_eq!(refusal.by_shape, decoded, "{refusal:?}"),
            }
            decoded
        });
    }
}

#[test]
fn tables_with_changed_bytes_are_read_or_refused() {
    let table = "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset\n\
        HAM_1,ISIC_1,mel,histo,45.0,male,back,rosendahl\n\
        HAM_2,ISIC_2,nv,consensus,,female,\"lower, extremity\",vidir_modern\n";
    survives("metadata.csv", table.as_bytes(), |path| {
        metadata::read(path).is_ok()
    });
    let rows = "image_id,lesion_id,dx,dx_type,age,sex,localization,source,split\n\
        ISIC_1,HAM_1,mel,histo,45.0,male,back,rosendahl,train\n\
        ISIC_2,HAM_2,nv,consensus,,female,abdomen,vidir_modern,test\n";
    survives("manifest.csv", rows.as_bytes(), |path| {
        manifest::read(path, ham10000()).is_ok()
    });
}

#[test]
fn networks_with_changed_bytes_are_opened_or_refused() {
    survives(
        "best.safetensors",
        &valid("checkpoint/best.safetensors"),
        |path| Checkpoint::read(path).is_ok(),
    );
    survives("model.onnx", &valid("exported/model.onnx"), |path| {
        OnnxClassifier::open(path).is_ok()
    });
    survives("model.tflite", &valid("exported/model.tflite"), |path| {
        TfliteClassifier::open(path).is_ok()
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/pth");
    for name in ["zip.pth", "legacy.pth"] {
        survives(name, &fs::read(folder.join(name)).unwrap(), |path| {
            pth::read(path, &fs::read(path).unwrap()).is_ok()
        });
    }
}
