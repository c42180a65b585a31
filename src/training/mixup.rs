//! Mixup: pairs of training images are combined, and so are their labels.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

use super::config::TrainingConfig;

/// Fraction of the batches that are mixed, if mixup is on.
const MIXED_FRACTION: f64 = 0.5;

/// Mixes a batch of images (N × 3 × S × S) with its reverse, for half of the batches. Also returns the weight of each
/// image's own label: below 1 if the batch was mixed. The rest goes to the label of the image that it was mixed with.
///
/// Mixup blends two images with weights λ and 1 − λ (Zhang et al. 2018). λ follows Beta(α, α), where α is the value of
/// the key `mixup`.
pub fn mix(config: &TrainingConfig, seed: u64, images: Tensor) -> (Tensor, f64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    if config.mixup == 0.0 || !random.random_bool(MIXED_FRACTION) {
        return (images, 1.0);
    }
    let lambda = beta(config.mixup, &mut random);
    let others = images.flip([0]);
    (images * lambda + others * (1.0 - lambda), lambda)
}

/// Mixes labels (N × classes) with the weight that [`mix`] returned for their images.
pub fn mix_labels(labels: Tensor, weight: f64) -> Tensor {
    match weight < 1.0 {
        true => &labels * weight + labels.flip([0]) * (1.0 - weight),
        false => labels,
    }
}

/// A sample of Beta(α, α) by Jöhnk's rejection method, from uniform samples alone. For the usual small α, a draw is
/// seldom rejected.
fn beta(alpha: f64, random: &mut ChaCha8Rng) -> f64 {
    loop {
        let [a, b] = [(); 2].map(|()| random.random_range(f64::EPSILON..1.0).powf(1.0 / alpha));
        if a + b > 0.0 && a + b <= 1.0 {
            return a / (a + b);
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::training::Phase;
    use crate::training::config::resolve;

    fn mixed(mixup: &str, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let config = resolve::resolve(Phase::Finetune, None, &[mixup.to_owned()]).unwrap();
        // Image 0 is black and image 1 white, so an image's mean is the weight of image 1.
        let images = Tensor::from_slice(&[0.0f32, 1.0]).view([2, 1, 1, 1])
            * Tensor::ones([2, 3, 16, 16], (Kind::Float, Device::Cpu));
        let labels = Tensor::eye(2, (Kind::Float, Device::Cpu));
        let (images, weight) = mix(&config, seed, images);
        let labels = mix_labels(labels, weight);
        let means = images.mean_dim(&[1i64, 2, 3][..], false, Kind::Double);
        (
            Vec::try_from(means).unwrap(),
            Vec::try_from(labels.select(1, 1).to_kind(Kind::Double)).unwrap(),
        )
    }

    #[test]
    fn labels_are_mixed_with_the_same_weights_as_images() {
        let mut mixes = 0;
        for seed in 0..40 {
            let (means, labels) = mixed("mixup=0.4", seed);
            for (mean, label) in means.iter().zip(&labels) {
                assert!((mean - label).abs() < 1e-5, "{mean} {label}");
            }
            mixes += usize::from(labels[0] > 0.0);
        }
        assert!((8..=32).contains(&mixes), "{mixes} of 40 mixed");
    }

    #[test]
    fn nothing_is_mixed_if_mixup_is_zero() {
        for seed in 0..10 {
            assert_eq!(mixed("mixup=0", seed).1, [0.0, 1.0]);
        }
    }

    #[test]
    fn beta_samples_have_the_mean_and_variance_of_a_beta_distribution() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let draws: Vec<f64> = (0..4000).map(|_| beta(0.4, &mut random)).collect();
        let mean = draws.iter().sum::<f64>() / 4000.0;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 4000.0;
        // Var Beta(α, α) = 1 / (4 (2α + 1))
        assert!((mean - 0.5).abs() < 0.02 && (variance - 1.0 / 7.2).abs() < 0.01);
    }
}
