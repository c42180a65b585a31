//! Times bare training steps (forward and backward on one resident batch) and, alternating with them, whole steps as in
//! training: augmentation and normalisation, the recipe's loss, the optimizer, the EMA and the probabilities for the
//! metrics. Also times augmentation alone, and optimizer and EMA alone.
//! `cargo run --release --example steps -- 128 192 224`.

use std::time::Instant;

use skinlesion::Class;
use skinlesion::classes::ham10000;
use skinlesion::model::architecture::Architecture;
use skinlesion::model::libtorch::memory;
use skinlesion::model::mobilenet_v2::MobileNetV2;
use skinlesion::model::{input, output};
use skinlesion::training::Phase;
use skinlesion::training::augment::{Augmenter, Input};
use skinlesion::training::config::resolve;
use skinlesion::training::ema::ModelEma;
use skinlesion::training::loss::{Loss, Target, one_hot};
use skinlesion::training::optim::param_groups;
use tch::{Device, Kind, Reduction, Tensor};

const BATCH: usize = 32;

/// Side of the images before they are augmented, in pixels, and their width divided by height on the skin.
const SIDE: usize = 224;
const ASPECT: f64 = 4.0 / 3.0;

/// Steps that are made before time is taken, and while it is.
const WARM_UP: usize = 3;
const STEPS: usize = 24;

fn main() -> skinlesion::Result<()> {
    memory::keep_freed_memory();
    let config = resolve::resolve(Phase::Finetune, None, &[])?;
    let classes = ham10000();
    let architecture = Architecture::new(classes.len());
    let model = MobileNetV2::random(architecture, 1, Device::Cpu)?;
    let mut optimizer = param_groups::optimizer(&model, &config);
    let mut average = ModelEma::new(&config, model.tensors());
    let rates = [1e-9; 2];
    let augmenter = Augmenter {
        by: &config.augment,
        seed: 1,
        side: SIDE,
        aspect: ASPECT,
    };
    let of_one = SIDE * SIDE * 3;
    let bytes: Vec<u8> = (0..BATCH * of_one)
        .map(|at| (at * 31 % 251) as u8)
        .collect();
    let photographs: Vec<Input> = (bytes.chunks_exact(of_one).enumerate())
        .map(|(row, pixels)| Input {
            row,
            repeat: 0,
            pixels,
        })
        .collect();

    let truths: Vec<Class> = classes.iter().cycle().take(BATCH).collect();
    let weights = vec![1.0; classes.len()];
    let loss = Loss::new(&config, &weights, Device::Cpu);

    for size in std::env::args().filter_map(|size| size.parse::<usize>().ok()) {
        let shape = [BATCH, 3, size, size].map(|length| length as i64);
        let images = input::channels_last(&Tensor::rand(shape, (Kind::Float, Device::Cpu)));
        let labels = Tensor::randint(
            classes.len() as i64,
            [BATCH as i64],
            (Kind::Int64, Device::Cpu),
        );
        let logits = |images: &Tensor| model.logits(&model.features(images, 0), config.dropout);
        let bare = || {
            logits(&images)
                .cross_entropy_loss(&labels, None::<&Tensor>, Reduction::Mean, -100, 0.0)
                .backward();
        };
        let load = || -> skinlesion::Result<Tensor> {
            let bytes = augmenter.batch(&photographs, 1, size);
            let bytes = input::interleaved_to_tensor(&bytes, size, Device::Cpu)?;
            Ok(input::normalised(&bytes))
        };
        let mut learn = || {
            optimizer.step(&rates);
            optimizer.zero_grad();
            if let Some(average) = &mut average {
                average.update(model.tensors(), optimizer.steps());
            }
        };
        let mut times = [(); 4].map(|()| Vec::with_capacity(STEPS));
        for step in 0..WARM_UP + STEPS {
            let marks = [
                milliseconds(|| {
                    bare();
                    Ok(())
                })?,
                milliseconds(|| {
                    let logits = logits(&load()?);
                    let target = Target {
                        labels: one_hot(classes, &truths, Device::Cpu),
                        teacher: None,
                        classes: None,
                    };
                    let loss = loss.compute(&logits, &target);
                    loss.double_value(&[]);
                    loss.backward();
                    learn();
                    output::probabilities(classes, &logits).map(drop)
                })?,
                milliseconds(|| load().map(drop))?,
                milliseconds(|| {
                    learn();
                    Ok(())
                })?,
            ];
            if step >= WARM_UP {
                (times.iter_mut().zip(marks)).for_each(|(times, mark)| times.push(mark));
            }
        }
        let [bare, whole, load, learn] = times.map(median);
        println!(
            "{size} pixels: bare step {bare:.0} ms ({:.1} images/s), whole step {whole:.0} ms ({:.1} images/s, {:.0} %); \
             alone, augmentation and normalisation {load:.1} ms, optimizer and average {learn:.1} ms",
            BATCH as f64 / bare * 1e3,
            BATCH as f64 / whole * 1e3,
            100.0 * bare / whole
        );
    }
    Ok(())
}

fn milliseconds(what: impl FnOnce() -> skinlesion::Result<()>) -> skinlesion::Result<f64> {
    let began = Instant::now();
    what()?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
