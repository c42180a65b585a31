//! TFLite files, in LiteRT and in our own engine.

use std::path::Path;
use std::process::Command;

use half::f16;
use serde_json::{Value, json};
use skinlesion::artifact::description::{Description, FileDescription};
use skinlesion::artifact::format::{FloatPrecision, Format};
use skinlesion::artifact::interface::{InputKind, Interface};
use skinlesion::classes::ham10000;
use skinlesion::dataset::Split;
use skinlesion::export::images::Images;
use skinlesion::export::quantize::{RangeRule, quantize};
use skinlesion::export::source::ExportSource;
use skinlesion::export::tflite;
use skinlesion::imaging::resize::ResizeRule;
use skinlesion::inference::checkpoint::CheckpointClassifier;
use skinlesion::inference::classifier::Classifier;
use skinlesion::inference::open;
use skinlesion::model::fuse::FusedNetwork;
use skinlesion::model::inference_network::InferenceNetwork;
use skinlesion::model::{input, output};
use skinlesion::probabilities::Probabilities;
use skinlesion::progress::Silent;
use tch::Device;

use crate::common::{photograph, python, skinlesion, stderr, stdout};
use crate::eval::{row, write_dataset};
use crate::networks::{SIZE, random_checkpoint};

/// The kernels that LiteRT has, as tests/reference/litert.py names them.
const KERNELS: [&str; 3] = ["xnnpack", "optimised", "reference"];

/// A checkpoint, its description, and images for it.
struct Fixture {
    home: tempfile::TempDir,
    source: ExportSource,
    description: Description,
    images: Vec<Vec<u8>>,
}

impl Fixture {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let source = ExportSource::read(&random_checkpoint(home.path())).unwrap();
        let description = Description::new(&source.metadata, &source.sha256);
        let images = Images::noise(ham10000(), ResizeRule::square(SIZE), 5).pixels;
        Self {
            home,
            source,
            description,
            images,
        }
    }

    fn described(&self, kind: InputKind) -> FileDescription<'_> {
        let rule = self.description.resize;
        FileDescription {
            description: &self.description,
            interface: Interface::new(Format::Tflite, rule, kind, false, ham10000().len()),
        }
    }

    fn borrowed(&self) -> Vec<&[u8]> {
        self.images.iter().map(Vec::as_slice).collect()
    }

    fn write(&self, name: &str, precision: FloatPrecision, input: InputKind) {
        let path = self.home.path().join(name);
        let network = &self.source.network;
        tflite::write(&path, network, &self.described(input), precision).unwrap();
    }

    fn write_int8(&self, name: &str, input: InputKind) {
        let path = self.home.path().join(name);
        self.write_int8_of(&self.source.network, &path, input);
    }

    fn write_int8_of(&self, network: &FusedNetwork, path: &Path, input: InputKind) {
        let rule = RangeRule::MinMax;
        let network = quantize(network, &self.borrowed(), SIZE as usize, rule, &Silent).unwrap();
        tflite::write_int8(path, &network, &self.described(input)).unwrap();
    }

    fn checkpoint(&self) -> Vec<Probabilities> {
        let checkpoint = self.home.path().join("checkpoint");
        let network = CheckpointClassifier::open(&checkpoint, Device::Cpu).unwrap();
        network.probabilities(&self.borrowed()).unwrap()
    }

    /// The checkpoint with weights of half precision, computed with in single precision.
    fn rounded_to_halves(&self) -> Vec<Probabilities> {
        let mut network = self.source.network.clone();
        let convolutions = network.blocks.iter_mut().flat_map(|b| &mut b.convolutions);
        let mut numbers: Vec<_> = convolutions
            .flat_map(|fused| [&mut fused.weight, &mut fused.bias])
            .collect();
        numbers.extend([&mut network.head.weight, &mut network.head.bias]);
        for value in numbers.into_iter().flatten() {
            *value = f16::from_f32(*value).to_f32();
        }
        let network = InferenceNetwork::new(&network, Device::Cpu).unwrap();
        let bytes = input::bytes_to_tensor(&self.borrowed(), SIZE as usize, Device::Cpu).unwrap();
        output::probabilities(ham10000(), &network.forward(&input::normalised(&bytes))).unwrap()
    }

    /// What our own engine answers.
    fn own(&self, name: &str) -> Vec<Probabilities> {
        let file = open::open(&self.home.path().join(name), Device::Cpu).unwrap();
        file.probabilities(&self.borrowed()).unwrap()
    }

    /// What LiteRT makes of a file.
    fn litert(&self, python: &Path, name: &str) -> Value {
        let pixels = self.home.path().join("pixels.bin");
        std::fs::write(&pixels, self.images.concat()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/litert.py");
        let output = Command::new(python)
            .args([&script, &self.home.path().join(name), &pixels])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    }
}

/// LiteRT's answers, by kernels, given together and one by one.
fn answers(found: &Value) -> Vec<(String, Vec<Probabilities>)> {
    let mut all = Vec::new();
    for kernels in KERNELS {
        for how in ["together", "one_by_one"] {
            let answers = found["answers"][kernels][how].clone();
            let answers: Vec<Vec<f64>> = serde_json::from_value(answers).unwrap();
            let answers = answers
                .into_iter()
                .map(|row| Probabilities::new(ham10000(), row));
            all.push((format!("{kernels}, {how}"), answers.collect()));
        }
    }
    all
}

fn differences(a: &[Probabilities], b: &[Probabilities]) -> Vec<f64> {
    assert_eq!(a.len(), b.len());
    let flat = |rows: &[Probabilities]| -> Vec<f64> {
        rows.iter().flat_map(|row| row.iter().copied()).collect()
    };
    let pairs = flat(a).into_iter().zip(flat(b));
    pairs.map(|(a, b)| (a - b).abs()).collect()
}

#[track_caller]
fn assert_close(a: &[Probabilities], b: &[Probabilities], tolerance: f64, what: &str) {
    let largest = differences(a, b).into_iter().fold(0.0, f64::max);
    assert!(largest < tolerance, "{what}: {largest}");
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.ranked()[0].0, b.ranked()[0].0, "{what}");
    }
}

#[test]
fn litert_computes_what_the_checkpoint_computes() {
    let Some(python) = python() else { return };
    let fixture = Fixture::new();
    for input in [InputKind::Unit, InputKind::Bytes] {
        for weights in [FloatPrecision::F32, FloatPrecision::F16] {
            fixture.write("model.tflite", weights, input);
            let expected = match weights {
                FloatPrecision::F32 => fixture.checkpoint(),
                FloatPrecision::F16 => fixture.rounded_to_halves(),
            };
            let what = format!("{weights:?}, {input:?}");
            assert_close(&fixture.own("model.tflite"), &expected, 1e-5, &what);
            for (how, found) in answers(&fixture.litert(&python, "model.tflite")) {
                // The reference kernels add one product after the other; halves make this network's logits larger.
                let is_loose = how.starts_with("reference") || weights == FloatPrecision::F16;
                let tolerance = if is_loose { 5e-5 } else { 1e-5 };
                assert_close(&found, &expected, tolerance, &format!("{what}, {how}"));
            }
        }
    }
}

#[test]
fn xnnpack_computes_in_whole_numbers_the_very_codes_that_our_engine_computes() {
    let Some(python) = python() else { return };
    let fixture = Fixture::new();
    for input in [InputKind::Unit, InputKind::Bytes] {
        fixture.write_int8("model.tflite", input);
        let own = fixture.own("model.tflite");
        let found = answers(&fixture.litert(&python, "model.tflite"));
        let (how, found) = &found[0];
        assert_eq!(how, "xnnpack, together");
        assert_close(found, &own, 1e-5, how);
    }
}

/// They round otherwise: neighbouring codes here and there, which the many layers of a network with random weights
/// blow up, so this one has few.
#[test]
fn other_kernels_compute_nearly_the_codes_that_our_engine_computes() {
    let Some(python) = python() else { return };
    let fixture = Fixture::new();
    let mut network = fixture.source.network.clone();
    network.blocks.truncate(4);
    assert!(network.blocks[3].residual);
    let head = &mut network.head;
    head.layer.inputs = network.blocks[3].convolutions[2].layer.outputs;
    head.weight.truncate(head.layer.inputs * head.layer.outputs);
    let path = fixture.home.path().join("model.tflite");
    fixture.write_int8_of(&network, &path, InputKind::Unit);
    let own = fixture.own("model.tflite");
    for (how, found) in answers(&fixture.litert(&python, "model.tflite")) {
        assert_close(&found, &own, 1e-3, &how);
    }
}

#[test]
fn apps_find_out_how_to_feed_a_file_and_what_its_answers_mean() {
    let Some(python) = python() else { return };
    let fixture = Fixture::new();
    fixture.write("unit.tflite", FloatPrecision::F32, InputKind::Unit);
    fixture.write("half.tflite", FloatPrecision::F16, InputKind::Unit);
    fixture.write_int8("bytes.tflite", InputKind::Bytes);
    // [BuiltinOperator, version] as LiteRT's own schema reads them. Together the files use every operator of the
    // writer: ADD 0, CONV_2D 3, DEPTHWISE_CONV_2D 4, DEQUANTIZE 6, FULLY_CONNECTED 9, SOFTMAX 25, PAD 34, MEAN 40, SUB
    // 41, DIV 42, CAST 53, QUANTIZE 114.
    let float32 = [
        [0, 1],
        [3, 1],
        [4, 1],
        [9, 1],
        [25, 1],
        [34, 1],
        [40, 1],
        [41, 1],
        [42, 1],
    ];
    let mut float16 = float32.to_vec();
    float16.insert(3, [6, 3]);
    let int8 = [
        [0, 2],
        [3, 3],
        [4, 3],
        [6, 2],
        [9, 1],
        [25, 1],
        [34, 2],
        [40, 1],
        [41, 1],
        [42, 1],
        [53, 1],
        [114, 1],
    ];
    let operators = [json!(float32), json!(float16), json!(int8)];
    let files = [
        ("unit.tflite", "float32", InputKind::Unit, "1.6.0", 255.0),
        ("half.tflite", "float32", InputKind::Unit, "1.15.0", 255.0),
        ("bytes.tflite", "uint8", InputKind::Bytes, "1.14.0", 1.0),
    ];
    for ((name, dtype, input, runtime, std), operators) in files.into_iter().zip(operators) {
        let found = fixture.litert(&python, name);
        assert_eq!(found["input"], json!(["image", [-1, SIZE, SIZE, 3], dtype]));
        assert_eq!(found["outputs"], json!(["probabilities", "logits"]));
        assert_eq!(found["oldest_runtime"], runtime);
        assert_eq!(found["operators"], operators, "{name}");
        let metadata = &found["metadata"];
        assert_eq!(metadata["licence"], "CC BY-NC 4.0");
        assert_eq!(metadata["mean"], 0.0);
        assert_eq!(
            metadata["std"], std,
            "takes a byte to what the network takes"
        );
        assert_eq!(metadata["labels"], "labels.txt");
        let labels = "akiec\nbcc\nbkl\ndf\nmel\nnv\nvasc\n";
        assert_eq!(found["files"]["labels.txt"], labels);
        let described = serde_json::to_value(fixture.described(input)).unwrap();
        assert_eq!(found["description"], described);
        let packed = found["files"]["model.json"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(packed).unwrap(), described);
    }
}

#[test]
fn predict_and_eval_take_a_file_of_any_precision() {
    let fixture = Fixture::new();
    fixture.write("float32.tflite", FloatPrecision::F32, InputKind::Unit);
    fixture.write("float16.tflite", FloatPrecision::F16, InputKind::Bytes);
    fixture.write_int8("int8.tflite", InputKind::Bytes);
    let home = fixture.home.path();
    photograph(&home.join("photograph.png"), 1);
    let rows: Vec<_> = (0..4)
        .map(|i| {
            row(
                &format!("IMG_{i}"),
                &format!("HAM_{i}"),
                ham10000().get(i).unwrap(),
                Split::Test,
            )
        })
        .collect();
    write_dataset(&home.join("data"), &rows, SIZE);
    for model in ["float32.tflite", "float16.tflite", "int8.tflite"] {
        let mut predict = skinlesion();
        predict
            .current_dir(home)
            .args(["--threads", "1", "predict", "--json"]);
        let output = predict
            .args(["--model", model, "photograph.png"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let answer: Value = serde_json::from_str(stdout(&output).lines().next().unwrap()).unwrap();
        assert_eq!(answer["top"].as_array().unwrap().len(), 3);

        let out = format!("eval-{model}");
        let mut eval = skinlesion();
        eval.current_dir(home)
            .args(["--threads", "1", "eval", "--data", "data"]);
        let output = eval
            .args(["--model", model, "--out", &out])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let metrics = std::fs::read(home.join(out).join("metrics.json")).unwrap();
        let metrics: Value = serde_json::from_slice(&metrics).unwrap();
        assert_eq!(metrics["n"], 4);
    }
}

#[test]
fn refuses_a_file_that_is_no_network_of_ours() {
    let fixture = Fixture::new();
    fixture.write("cut.tflite", FloatPrecision::F32, InputKind::Unit);
    let home = fixture.home.path();
    let bytes = std::fs::read(home.join("cut.tflite")).unwrap();
    std::fs::write(home.join("cut.tflite"), &bytes[..bytes.len() / 2]).unwrap();
    std::fs::write(home.join("text.tflite"), "no network").unwrap();
    photograph(&home.join("photograph.png"), 1);
    for (model, problem) in [
        ("cut.tflite", "truncated or damaged"),
        ("text.tflite", "not a TFLite file"),
        ("missing.tflite", "cannot read"),
    ] {
        let mut command = skinlesion();
        command
            .current_dir(home)
            .args(["predict", "--model", model]);
        let output = command.arg("photograph.png").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(said.contains(model) && said.contains(problem), "{said}");
    }
}
