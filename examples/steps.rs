//! Times bare training steps on a resident batch.
use skinlesion::model::{
    input,
    layers::Architecture,
    mobilenet_v2::{MobileNetV2, Thawed},
};
use std::time::Instant;
use tch::{Device, Kind, Reduction, Tensor};

fn main() {
    if std::env::var_os("KEEP").is_some() {
        skinlesion::model::device::keep_freed_memory();
    }
    let sizes: Vec<i64> = std::env::args()
        .skip(1)
        .map(|a| a.parse().unwrap())
        .collect();
    let arch = Architecture {
        width: 1.0,
        classes: 7,
    };
    let model = MobileNetV2::random(arch, 1, Device::Cpu);
    for name in (0..19)
        .flat_map(|b| model.block_parameters(b))
        .collect::<Vec<_>>()
        .iter()
        .chain(&model.head_parameters())
    {
        let _ = model.tensors()[name].set_requires_grad(true);
    }
    for size in sizes {
        let x = input::channels_last(&Tensor::rand(
            [32, 3, size, size],
            (Kind::Float, Device::Cpu),
        ));
        let y = Tensor::randint(7, [32], (Kind::Int64, Device::Cpu));
        let mut n = 0;
        let mut began = Instant::now();
        let (mut f, mut b) = (0.0, 0.0);
        for i in 0..8 {
            if i == 2 {
                began = Instant::now();
                n = 0;
                f = 0.0;
                b = 0.0;
            }
            let t = Instant::now();
            let logits = model.logits(
                &model.features(
                    &x,
                    Thawed {
                        first_block: 0,
                        batch_statistics: true,
                    },
                ),
                0.3,
            );
            let loss = logits.cross_entropy_loss(&y, None::<&Tensor>, Reduction::Mean, -100, 0.05);
            f += t.elapsed().as_secs_f64();
            let t = Instant::now();
            loss.backward();
            b += t.elapsed().as_secs_f64();
            n += 32;
        }
        let s = began.elapsed().as_secs_f64();
        let rss = std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .filter(|l| l.starts_with("VmHWM"))
            .collect::<String>();
        println!(
            "{size}: {:.1} images/s, forward {:.3} backward {:.3} s a step; {rss}",
            n as f64 / s,
            f / 6.0,
            b / 6.0
        );
    }
}
