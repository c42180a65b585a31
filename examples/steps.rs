//! Times bare training steps, forward and backward on one resident batch: the rate that the training loop with its
//! loading and augmentation is held against. `cargo run --release --example steps -- 128 192 224`.

use std::time::Instant;

use skinlesion::model::input;
use skinlesion::model::layers::Architecture;
use skinlesion::model::mobilenet_v2::{MobileNetV2, Thawed};
use tch::{Device, Kind, Reduction, Tensor};

const BATCH: i64 = 32;

/// Steps that are made before time is taken, and while it is.
const WARM_UP: usize = 3;
const STEPS: usize = 12;

fn main() {
    skinlesion::model::device::keep_freed_memory();
    let architecture = Architecture {
        width: 1.0,
        classes: 7,
    };
    let model = MobileNetV2::random(architecture, 1, Device::Cpu);
    let blocks = 0..model.network().blocks.len();
    let names = blocks.flat_map(|block| model.block_parameters(block));
    for name in names.chain(model.head_parameters()) {
        let _ = model.tensors()[&name].set_requires_grad(true);
    }
    let all = Thawed {
        first_block: 0,
        batch_statistics: true,
    };
    for size in std::env::args().filter_map(|size| size.parse::<i64>().ok()) {
        let noise = Tensor::rand([BATCH, 3, size, size], (Kind::Float, Device::Cpu));
        let images = input::channels_last(&noise);
        let labels = Tensor::randint(7, [BATCH], (Kind::Int64, Device::Cpu));
        let step = || {
            let logits = model.logits(&model.features(&images, all), 0.3);
            let loss =
                logits.cross_entropy_loss(&labels, None::<&Tensor>, Reduction::Mean, -100, 0.0);
            loss.backward();
        };
        (0..WARM_UP).for_each(|_| step());
        let began = Instant::now();
        (0..STEPS).for_each(|_| step());
        let rate = (BATCH as usize * STEPS) as f64 / began.elapsed().as_secs_f64();
        println!("{size} pixels: {rate:.1} images/s");
    }
}
