//! Reading of files that PyTorch wrote (tests/reference/pth.py), and refusal of malformed and malicious files.

use std::path::{Path, PathBuf};

use tch::Kind;

use crate::model::pretrained::pth;
use crate::model::state_dict::{NamedTensors, to_floats};

fn fixture(name: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    home.join("tests/reference/pth").join(name)
}

fn read(name: &str) -> crate::Result<NamedTensors> {
    let path = fixture(name);
    let bytes = std::fs::read(&path).unwrap();
    assert!(pth::is_pth(&bytes));
    pth::read(&path, &bytes)
}

fn refusal(bytes: &[u8]) -> String {
    pth::read(Path::new("weights.pth"), bytes)
        .unwrap_err()
        .to_string()
}

fn kind(torch_name: &str) -> Kind {
    match torch_name {
        "torch.float32" => Kind::Float,
        "torch.float64" => Kind::Double,
        "torch.float16" => Kind::Half,
        "torch.bfloat16" => Kind::BFloat16,
        "torch.int64" => Kind::Int64,
        other => panic!("{other}"),
    }
}

#[test]
fn both_formats_are_read_as_pytorch_wrote_them() {
    let expected = std::fs::read(fixture("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let expected = expected.as_object().unwrap();
    for file in ["zip.pth", "legacy.pth"] {
        let tensors = read(file).unwrap();
        assert_eq!(tensors.len(), expected.len(), "{file}");
        for (name, expected) in expected {
            let tensor = &tensors[name];
            assert_eq!(
                tensor.kind(),
                kind(expected["kind"].as_str().unwrap()),
                "{name}"
            );
            let shape: Vec<i64> = serde_json::from_value(expected["shape"].clone()).unwrap();
            assert_eq!(tensor.size(), shape, "{name} of {file}");
            let values: Vec<f32> = serde_json::from_value(expected["values"].clone()).unwrap();
            assert_eq!(to_floats(tensor).unwrap(), values, "{name} of {file}");
        }
    }
}

#[test]
fn files_that_are_not_plain_state_dicts_are_refused_by_name() {
    for (file, words) in [
        (
            "module.pth",
            "refers to \"torch.nn.modules.container.Sequential\"",
        ),
        ("nested.pth", "epoch: a tensor was expected, not a number"),
        ("protocol4.pth", "pickle protocol 4"),
        ("booleans.pth", "\"torch.BoolStorage\""),
    ] {
        let error = read(file).unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("state_dict()"),
            "{error}"
        );
    }
}

#[test]
fn a_file_truncated_anywhere_is_refused() {
    for file in ["zip.pth", "legacy.pth"] {
        let bytes = std::fs::read(fixture(file)).unwrap();
        for length in 0..bytes.len() {
            assert!(!refusal(&bytes[..length]).is_empty());
        }
    }
}

#[test]
fn a_file_changed_anywhere_is_refused_or_read_but_never_crashes() {
    for file in ["zip.pth", "legacy.pth"] {
        let whole = std::fs::read(fixture(file)).unwrap();
        for place in 0..whole.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] ^= change;
                let _ = pth::read(Path::new("changed.pth"), &bytes);
            }
        }
    }
}

const LEGACY_START: &[u8] =
    b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";

fn legacy(description: &[u8]) -> Vec<u8> {
    [LEGACY_START, b"\x80\x02", description].concat()
}

/// One tensor of `shape` and `stride` on a storage of two floats.
fn legacy_tensor(shape: &[u8], stride: &[u8]) -> Vec<u8> {
    let storage =
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0kX\x03\0\0\0cpuK\x02NtQK\x00";
    let rest = b"\x89Nt";
    let after = b"\x80\x02]X\x01\0\0\0ka.\x02\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40";
    let call = b"}X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n(";
    let description = [call, &storage[..], shape, stride, rest, b"Rs."].concat();
    [legacy(&description), after.to_vec()].concat()
}

#[test]
fn a_file_that_calls_another_function_is_refused() {
    let error = refusal(&legacy(b"cos\nsystem\n(X\x04\0\0\0echotR."));
    assert!(error.contains("refers to \"os.system\""), "{error}");
}

#[test]
fn a_view_beyond_its_storage_is_refused_and_one_within_is_read() {
    let path = Path::new("weights.pth");
    let good = legacy_tensor(b"K\x02\x85", b"K\x01\x85");
    let tensors = pth::read(path, &good).unwrap();
    assert_eq!(to_floats(&tensors["a"]).unwrap(), [1.0, 2.0]);
    let huge = b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87";
    for (shape, stride) in [
        (&b"K\x03\x85"[..], &b"K\x01\x85"[..]),
        (b"K\x02\x85", b"K\x02\x85"),
        (b"K\x02\x85", b"J\xff\xff\xff\xff\x85"),
        (b"J\xff\xff\xff\xff\x85", b"K\x01\x85"),
        (b"K\x02\x85", b")"),
        (huge, b"K\x00K\x00K\x00\x87"), // repeats one element 2^93 times
        (huge, huge),
    ] {
        let error = refusal(&legacy_tensor(shape, stride));
        assert!(
            error.contains("a: its shape does not fit its storage"),
            "{error}"
        );
    }
}

#[test]
fn malicious_descriptions_neither_recurse_nor_grow() {
    let mut nested = vec![b')'];
    nested.resize(1_000_000, 0x85); // a tuple in a tuple in a tuple …
    nested.push(b'.');
    assert!(refusal(&legacy(&nested)).contains("a dict of tensors was expected, not a list"));
    for (description, words) in [
        (&b"X\xff\xff\xff\xffa."[..], "ends too early"),
        (b".", "empty stack"),
        (b"(N0.", "instruction 0x30"),
        (b"N(\x85.", "empty stack"),
        (b"h\x05.", "memo entry"),
        (b"}(Nu.", "no value"),
        (b"Nb.", "empty stack"),
        (b"t.", "mark is missing"),
        (b"\x8a\x10", "64 bits"),
    ] {
        let error = refusal(&legacy(description));
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn other_files_are_not_detected_as_pytorchs() {
    for bytes in [&b"<!DOCTYPE html>"[..], b"", b"\x08\0\0\0\0\0\0\0{}", b"PK"] {
        assert!(!pth::is_pth(bytes));
    }
    assert!(refusal(b"PK\x03\x04 and no archive").contains("not a readable PyTorch state dict"));
    assert!(refusal(b"\x80\x02}.").contains("does not start like a file of torch.save"));
}
