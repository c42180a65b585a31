use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::samples::{described, description, network, quantized};
use super::*;
use crate::artifact::format::FloatPrecision;
use crate::artifact::interface::InputKind;

fn written(write: impl Fn(&Path) -> Result<()>) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("model.tflite");
    write(&path).unwrap();
    std::fs::read(path).unwrap()
}

fn in_precision(precision: FloatPrecision) -> Vec<u8> {
    let description = description();
    let about = described(&description, InputKind::Unit);
    written(|path| write(path, &network(), &about, precision))
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    for precision in [FloatPrecision::F32, FloatPrecision::F16] {
        assert_eq!(in_precision(precision), in_precision(precision));
    }
    let description = description();
    let about = described(&description, InputKind::Bytes);
    let int8 = || written(|path| write_int8(path, &quantized(), &about));
    assert_eq!(int8(), int8());
}

#[test]
fn labels_and_description_are_stored_in_an_appended_archive() {
    let bytes = in_precision(FloatPrecision::F32);
    assert_eq!(&bytes[4..8], b"TFL3");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut contents = |name: &str| {
        let mut file = archive.by_name(name).unwrap();
        assert_eq!(file.compression(), CompressionMethod::Stored);
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    };
    assert_eq!(
        contents(LABELS_FILE),
        "akiec\nbcc\nbkl\ndf\nmel\nnv\nvasc\n"
    );
    let found: serde_json::Value = serde_json::from_str(&contents(MODEL_FILE)).unwrap();
    let description = description();
    let about = described(&description, InputKind::Unit);
    assert_eq!(found, serde_json::to_value(about).unwrap());
}

#[test]
fn constants_are_aligned() {
    let bytes = in_precision(FloatPrecision::F32);
    let all = network();
    let stem: Vec<f32> = layers::interleaved(
        &all.blocks[0].convolutions[0].layer,
        &all.blocks[0].convolutions[0].weight,
    );
    for values in [stem, all.head.weight, all.head.bias] {
        let expected: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let offset = bytes
            .windows(expected.len())
            .position(|window| window == expected);
        assert_eq!(
            offset.unwrap() % crate::artifact::tflite::schema::ALIGNMENT,
            0
        );
    }
}
