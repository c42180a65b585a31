//! How much the metrics of a checkpoint change when its convolutions compute in bf16, as the frozen passes of training
//! do on a processor with bf16 arithmetic, and how much faster they are:
//! `cargo run --release --example bf16 -- CHECKPOINT DATASET [IMAGES]`.
//! It predicts the checkpoint's validation split, or its first IMAGES images, in f32 and in bf16. A processor without
//! bf16 arithmetic gives the same answers, slowly.

use std::path::Path;
use std::time::Instant;

use skinlesion::Error;
use skinlesion::dataset::{Dataset, Split};
use skinlesion::evaluation::as_trained;
use skinlesion::metrics::{self, Metrics};
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::inference_network::InferenceNetwork;
use skinlesion::model::{input, output};
use tch::{Device, Kind};

const BATCH: usize = 64;

fn main() -> skinlesion::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(checkpoint), Some(folder)) = (arguments.first(), arguments.get(1)) else {
        return Err(Error::input(
            "bf16",
            "no checkpoint or no dataset is given",
            "cargo run --release --example bf16 -- CHECKPOINT DATASET [IMAGES]",
        ));
    };
    let limit = arguments.get(2).and_then(|count| count.parse().ok());
    let checkpoint = Checkpoint::read(Path::new(checkpoint))?;
    let dataset = as_trained(
        Dataset::open(Path::new(folder))?,
        Some(&checkpoint.metadata),
    )?;
    let mut rows = dataset.split_rows(Split::Val);
    rows.truncate(limit.unwrap_or(rows.len()));
    let fused = checkpoint.fused()?;
    let side = checkpoint.metadata.resize.size as usize;
    let classes = checkpoint.metadata.classes;

    let truths: Vec<_> = rows
        .iter()
        .map(|&row| dataset.rows[row].sample.dx)
        .collect();
    let mut answers = Vec::new();
    for kind in [Kind::Float, Kind::BFloat16] {
        let network = InferenceNetwork::with_kind(&fused, Device::Cpu, kind)?;
        let mut probabilities = Vec::new();
        let start = Instant::now();
        for rows in rows.chunks(BATCH) {
            let images = dataset.pixels.images(rows)?;
            let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
            let bytes = input::bytes_to_tensor(&images, side, Device::Cpu)?;
            let logits = tch::no_grad(|| network.forward(&input::normalised(&bytes)));
            probabilities.extend(output::probabilities(classes, &logits)?);
        }
        let rate = rows.len() as f64 / start.elapsed().as_secs_f64();
        println!("{kind:?}: {rate:.0} images/s");
        answers.push(probabilities);
    }

    let flat = |which: usize| answers[which].iter().flat_map(|row| row.iter());
    let pairs = || flat(0).zip(flat(1));
    let differences = || pairs().map(|(exact, reduced)| (exact - reduced).abs());
    let mean = differences().sum::<f64>() / differences().count() as f64;
    println!(
        "{} images; probabilities differ by {mean:.5} on average",
        rows.len()
    );
    println!("and by {:.4} at most", differences().fold(0.0, f64::max));
    let [exact, reduced] = [0, 1].map(|which| metrics::score(classes, &truths, &answers[which]));
    for &name in Metrics::NAMES {
        if let (Some(exact), Some(reduced)) = (exact.get(name), reduced.get(name)) {
            println!("{name:<40} f32 {exact:.4}  bf16 {reduced:.4}");
        }
    }
    Ok(())
}
