use skinlesion::model::{inference::InferenceNetwork, layers::Architecture, mobilenet_v2::*, *};
use tch::{Device, Kind, Tensor};
fn main() {
    let net = MobileNetV2::random(Architecture::default(), 1, Device::Cpu);
    let folded = fold::fold(net.network(), net.tensors()).unwrap();
    let inf = InferenceNetwork::new(&folded, Device::Cpu).unwrap();
    for &b in &[16i64, 32, 64] {
        let x = input::channels_last(&Tensor::randn([b, 3, 224, 224], (Kind::Float, Device::Cpu)));
        let _g = tch::no_grad_guard();
        for (n, f) in [
            ("folded", &(|| inf.features(&x)) as &dyn Fn() -> Tensor),
            ("plain", &|| {
                net.features(
                    &x,
                    Thawed {
                        first_block: 19,
                        batch_statistics: false,
                    },
                )
            }),
        ] {
            f();
            let t = std::time::Instant::now();
            let k = 6;
            for _ in 0..k {
                f();
            }
            println!(
                "{n} b{b}: {:.1}/s",
                (k * b) as f64 / t.elapsed().as_secs_f64()
            );
        }
    }
}
