//! Times bare training steps, forward and backward on one resident batch: the rate that the training loop with its
//! loading and augmentation is held against; and beside them what the loop adds to each.
//! `cargo run --release --example steps -- 128 192 224`.

use std::time::Instant;

use skinlesion::model::layers::Architecture;
use skinlesion::model::mobilenet_v2::{MobileNetV2, Thawed};
use skinlesion::model::{device, input};
use skinlesion::training::augment::Augmenter;
use skinlesion::training::averaging::Average;
use skinlesion::training::{Phase, settings, setup};
use tch::{Device, Kind, Reduction, Tensor};

const BATCH: usize = 32;

/// Side of the images before they are augmented, in pixels, and how much wider than high the skin was.
const SIDE: usize = 224;
const ASPECT: f64 = 4.0 / 3.0;

/// Steps that are made before time is taken, and while it is.
const WARM_UP: usize = 3;
const STEPS: usize = 12;

fn main() -> skinlesion::Result<()> {
    device::keep_freed_memory();
    let config = settings::resolve(Phase::Finetune, None, &[])?;
    let architecture = Architecture {
        width: 1.0,
        classes: 7,
    };
    let model = MobileNetV2::random(architecture, 1, Device::Cpu);
    let mut optimizer = setup::optimizer(&model, &config);
    let mut average = Average::new(&config, model.tensors());
    let rates = vec![1e-9; optimizer.groups()];
    let all = Thawed {
        first_block: 0,
        batch_statistics: true,
    };
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
    let photographs: Vec<(usize, &[u8])> = bytes.chunks_exact(of_one).enumerate().collect();

    for size in std::env::args().filter_map(|size| size.parse::<usize>().ok()) {
        let shape = [BATCH, 3, size, size].map(|length| length as i64);
        let images = input::channels_last(&Tensor::rand(shape, (Kind::Float, Device::Cpu)));
        let labels = Tensor::randint(7, [BATCH as i64], (Kind::Int64, Device::Cpu));
        let step = milliseconds(|| {
            let logits = model.logits(&model.features(&images, all), config.dropout);
            let loss =
                logits.cross_entropy_loss(&labels, None::<&Tensor>, Reduction::Mean, -100, 0.0);
            loss.backward();
        });
        let augmentation = milliseconds(|| drop(augmenter.batch(&photographs, 1, size)));
        let optimizer = milliseconds(|| {
            optimizer.step(&rates);
            optimizer.zero_grad();
            if let Some(average) = &mut average {
                average.step_ended(model.tensors(), optimizer.steps());
            }
        });
        println!(
            "{size} pixels: bare step {step:.0} ms ({:.1} images/s), augmentation {augmentation:.1} ms, \
             optimizer and average {optimizer:.1} ms",
            BATCH as f64 / step * 1e3
        );
    }
    Ok(())
}

fn milliseconds(mut what: impl FnMut()) -> f64 {
    (0..WARM_UP).for_each(|_| what());
    let began = Instant::now();
    (0..STEPS).for_each(|_| what());
    began.elapsed().as_secs_f64() * 1e3 / STEPS as f64
}
