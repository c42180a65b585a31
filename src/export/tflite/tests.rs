use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::samples::{description, network, quantized};
use super::*;

fn written(write: impl Fn(&Path) -> Result<()>) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("model.tflite");
    write(&path).unwrap();
    std::fs::read(path).unwrap()
}

fn in_precision(weights: Weights) -> Vec<u8> {
    written(|path| write(path, &network(), &description(), weights, InputKind::Unit))
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    for weights in [Weights::F32, Weights::F16] {
        assert_eq!(in_precision(weights), in_precision(weights));
    }
    let int8 = || written(|path| write_int8(path, &quantized(), &description(), InputKind::Bytes));
    assert_eq!(int8(), int8());
}

#[test]
fn labels_and_description_lie_uncompressed_behind_the_network() {
    let bytes = in_precision(Weights::F32);
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
    let found: Description = serde_json::from_str(&contents(MODEL_FILE)).unwrap();
    assert_eq!(found, description().fed(InputKind::Unit, Layout::Nhwc));
}

#[test]
fn a_description_says_how_the_very_file_is_fed() {
    let fed = description().fed(InputKind::Bytes, Layout::Nhwc);
    assert_eq!(fed.input.dtype, "uint8");
    assert_eq!(fed.input.layout, "NHWC");
    assert_eq!(fed.input.range, [0.0, 255.0]);
    let shape = serde_json::to_value(&fed.input.shape).unwrap();
    assert_eq!(shape, serde_json::json!(["batch", 8, 8, 3]));
    assert!(!fed.preparation.contains("divide"), "{}", fed.preparation);
    let planes = description().fed(InputKind::Unit, Layout::Nchw);
    assert!(planes.preparation.contains("divide by 255"));
    let shape = serde_json::to_value(&planes.input.shape).unwrap();
    assert_eq!(shape, serde_json::json!(["batch", 3, 8, 8]));
}

#[test]
fn numbers_begin_where_they_can_be_used_as_they_are_mapped() {
    let bytes = in_precision(Weights::F32);
    let all = network();
    let stem: Vec<f32> = layers::interleaved(
        &all.blocks[0].convolutions[0].layer,
        &all.blocks[0].convolutions[0].weight,
    );
    for values in [stem, all.head.weight, all.head.bias] {
        let wanted: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let place = bytes
            .windows(wanted.len())
            .position(|window| window == wanted);
        assert_eq!(place.unwrap() % schema::ALIGNMENT, 0);
    }
}
