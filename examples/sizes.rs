//! Scores a checkpoint on a dataset's validation part at several input sizes, which tells at what size a network that
//! was trained on smaller images sees best: `cargo run --release --example sizes -- CHECKPOINT DATASET 160 192 224`.

use std::path::Path;

use skinlesion::dataset::{Dataset, Split};
use skinlesion::metrics;
use skinlesion::model::checkpoint::Checkpoint;
use skinlesion::model::inference_network::InferenceNetwork;
use skinlesion::model::{fuse, input, output};
use skinlesion::training::augment::resized;
use tch::Device;

const BATCH: usize = 32;

fn main() -> skinlesion::Result<()> {
    skinlesion::model::libtorch::memory::keep_freed_memory();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [checkpoint, dataset, sizes @ ..] = arguments.as_slice() else {
        eprintln!("usage: sizes CHECKPOINT DATASET SIZE…");
        return Ok(());
    };
    let checkpoint = Checkpoint::read(Path::new(checkpoint))?;
    let network = checkpoint.metadata.architecture.network();
    let fused = fuse::fuse(&network, &checkpoint.tensors)?;
    let network = InferenceNetwork::new(&fused, Device::Cpu)?;
    let classes = checkpoint.metadata.classes;
    let dataset = Dataset::open(Path::new(dataset))?;
    let rows = dataset.split_rows(Split::Val);
    let truths: Vec<_> = rows
        .iter()
        .map(|&row| dataset.rows[row].sample.dx)
        .collect();
    println!("size  accuracy  balanced  macro F1  macro AUC  mel. recall  log loss");
    for size in sizes.iter().filter_map(|size| size.parse().ok()) {
        let mut answers = Vec::new();
        for rows in rows.chunks(BATCH) {
            let bytes: Vec<u8> = (dataset.pixels.images(rows)?.iter())
                .flat_map(|image| resized(image, dataset.pixels.side(), size))
                .collect();
            let bytes = input::interleaved_to_tensor(&bytes, size, Device::Cpu)?;
            let images = input::normalised(&bytes);
            let logits = tch::no_grad(|| network.forward(&images));
            answers.extend(output::probabilities(classes, &logits)?);
        }
        let metrics = metrics::score(classes, &truths, &answers);
        let figure = |name: &str| metrics.get(name).unwrap_or(f64::NAN);
        println!(
            "{size:4}  {:8.4}  {:8.4}  {:8.4}  {:9.4}  {:11.4}  {:8.4}",
            figure("accuracy"),
            figure("balanced_accuracy"),
            figure("macro_f1"),
            figure("macro_auc"),
            figure("melanoma_recall"),
            figure("log_loss")
        );
    }
    Ok(())
}
