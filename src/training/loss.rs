//! The loss: cross-entropy against shares of the classes, with weights, smoothing, focus and adjustment.

use tch::{Device, Kind, Tensor};

use super::config::TrainingConfig;
use crate::Diagnosis;

/// What a batch's logits are held against.
pub struct Target {
    /// Shares of the classes in each image (N × 7, rows add up to 1): one-hot, unless images are mixed.
    pub labels: Tensor,
    /// Probabilities of the classes according to a teacher (N × 7), at the configured temperature.
    pub teacher: Option<Tensor>,
}

/// A loss function with its settings.
pub struct Loss {
    /// One weight a class (7).
    weights: Tensor,
    /// What is added to each class's logit in training (7).
    adjustment: Option<Tensor>,
    label_smoothing: f64,
    focal_gamma: f64,
    distillation_alpha: f64,
    teacher_temperature: f64,
}

impl Loss {
    /// The configured loss for classes with these weights and these numbers of images in an epoch.
    pub fn new(
        config: &TrainingConfig,
        weights: &[f64; Diagnosis::COUNT],
        counts: &[usize; Diagnosis::COUNT],
        device: Device,
    ) -> Self {
        let seven = |values: [f64; Diagnosis::COUNT]| {
            Tensor::from_slice(&values.map(|value| value as f32)).to_device(device)
        };
        Self {
            weights: seven(*weights),
            adjustment: (config.logit_adjustment > 0.0)
                .then(|| seven(adjustment(config.logit_adjustment, counts))),
            label_smoothing: config.label_smoothing,
            focal_gamma: config.focal_gamma,
            distillation_alpha: config.distillation_alpha,
            teacher_temperature: config.teacher_temperature,
        }
    }

    /// The mean loss of a batch (a scalar with gradients). Images count by their classes' weights, as in
    /// PyTorch's `CrossEntropyLoss`, of which this is an extension:
    ///
    /// * focus multiplies an image's loss by (1 − p)^γ, p being the probability of its label (Lin et al. 2017);
    /// * logit adjustment adds τ · ln(share of the class) to the logits, in training only (Menon et al. 2021;
    ///   with τ = 1 the balanced softmax of Ren et al. 2020);
    /// * a teacher's answer counts `distillation_alpha`, as T² · KL(teacher ‖ network) (Hinton et al. 2015).
    pub fn of(&self, logits: &Tensor, target: &Target) -> Tensor {
        let adjusted = match &self.adjustment {
            Some(adjustment) => logits + adjustment,
            None => logits.shallow_clone(),
        };
        let log_shares = adjusted.log_softmax(-1, Kind::Float);
        let uniform = self.label_smoothing / Diagnosis::COUNT as f64;
        let smoothed = &target.labels * (1.0 - self.label_smoothing) + uniform;
        let mut each =
            -(smoothed * &self.weights * &log_shares).sum_dim_intlist(-1i64, false, Kind::Float);
        if self.focal_gamma > 0.0 {
            let certain =
                (&target.labels * log_shares.exp()).sum_dim_intlist(-1i64, false, Kind::Float);
            each *= (certain.neg() + 1.0)
                .clamp_min(0.0)
                .pow_tensor_scalar(self.focal_gamma);
        }
        let total = (&target.labels * &self.weights).sum(Kind::Float);
        let own = each.sum(Kind::Float) / total;
        match &target.teacher {
            Some(teacher) => {
                let distillation = self.distillation(logits, teacher);
                own * (1.0 - self.distillation_alpha) + distillation * self.distillation_alpha
            }
            None => own,
        }
    }

    /// T² · KL(teacher ‖ network), both at the temperature.
    fn distillation(&self, logits: &Tensor, teacher: &Tensor) -> Tensor {
        let temperature = self.teacher_temperature;
        let log_shares = (logits / temperature).log_softmax(-1, Kind::Float);
        let difference = teacher * (teacher.clamp_min(1e-8).log() - log_shares);
        let each = difference.sum_dim_intlist(-1i64, false, Kind::Float);
        each.mean(Kind::Float) * (temperature * temperature)
    }
}

/// τ · ln(share of the class). A class without images is never right, so it does not matter what it gets.
fn adjustment(tau: f64, counts: &[usize; Diagnosis::COUNT]) -> [f64; Diagnosis::COUNT] {
    let images: usize = counts.iter().sum();
    counts.map(|count| tau * (count.max(1) as f64 / images.max(1) as f64).ln())
}

/// One-hot rows (N × 7) of the given classes.
pub fn one_hot(truths: &[Diagnosis], device: Device) -> Tensor {
    let numbers: Vec<i64> = truths.iter().map(|truth| truth.index() as i64).collect();
    Tensor::from_slice(&numbers)
        .one_hot(Diagnosis::COUNT as i64)
        .to_kind(Kind::Float)
        .to_device(device)
}

#[cfg(test)]
mod tests {
    use tch::Reduction;

    use super::*;
    use crate::training::Phase;
    use crate::training::config::resolve;

    const WEIGHTS: [f64; 7] = [3.0, 2.0, 1.0, 5.0, 1.5, 0.4, 4.0];
    const COUNTS: [usize; 7] = [30, 50, 110, 10, 110, 670, 20];

    fn loss(changes: &[&str]) -> Loss {
        let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
        let config = resolve::resolve(Phase::Finetune, None, &changes).unwrap();
        Loss::new(&config, &WEIGHTS, &COUNTS, Device::Cpu)
    }

    fn logits() -> Tensor {
        tch::manual_seed(1);
        Tensor::randn([5, 7], (Kind::Float, Device::Cpu)) * 2.0
    }

    fn truths() -> Vec<Diagnosis> {
        [0, 5, 5, 4, 3].map(|index| Diagnosis::ALL[index]).into()
    }

    fn target() -> Target {
        Target {
            labels: one_hot(&truths(), Device::Cpu),
            teacher: None,
        }
    }

    const PLAIN: [&str; 3] = ["label_smoothing=0", "focal_gamma=0", "logit_adjustment=0"];

    fn torchs(logits: &Tensor, smoothing: f64) -> f64 {
        let weights = Tensor::from_slice(&WEIGHTS.map(|w| w as f32));
        let labels = Tensor::from_slice(
            &truths()
                .iter()
                .map(|t| t.index() as i64)
                .collect::<Vec<_>>(),
        );
        let loss =
            logits.cross_entropy_loss(&labels, Some(weights), Reduction::Mean, -100, smoothing);
        loss.double_value(&[])
    }

    #[test]
    fn without_more_it_is_libtorchs_weighted_and_smoothed_cross_entropy() {
        for smoothing in [0.0, 0.1] {
            let smoothed = format!("label_smoothing={smoothing}");
            let ours = loss(&[PLAIN[1], PLAIN[2], &smoothed])
                .of(&logits(), &target())
                .double_value(&[]);
            assert!((ours - torchs(&logits(), smoothing)).abs() < 1e-6);
        }
    }

    #[test]
    fn balanced_softmax_is_cross_entropy_with_the_classes_shares_multiplied_in() {
        let changes = ["label_smoothing=0", "focal_gamma=0", "logit_adjustment=1"];
        let ours = loss(&changes).of(&logits(), &target()).double_value(&[]);
        let shares = Tensor::from_slice(&COUNTS.map(|count| count as f32 / 1000.0));
        let expected = torchs(&(logits() + shares.log()), 0.0);
        assert!((ours - expected).abs() < 1e-6);
    }

    #[test]
    fn focus_spares_what_is_already_certain() {
        let certain = one_hot(&truths(), Device::Cpu) * 8.0;
        let ratio = |logits: &Tensor| {
            let of = |gamma: &str| {
                let changes = ["label_smoothing=0", "logit_adjustment=0", gamma];
                loss(&changes).of(logits, &target()).double_value(&[])
            };
            of("focal_gamma=2") / of("focal_gamma=0")
        };
        assert!(ratio(&certain) < 1e-4);
        assert!(ratio(&(certain * -1.0)) > 0.9);
    }

    #[test]
    fn a_teacher_who_agrees_costs_nothing_and_one_who_does_not_does() {
        let changes = ["distillation_alpha=1", "teacher_temperature=2", PLAIN[0]];
        let of = |teacher: Tensor| {
            let labels = target().labels;
            let teacher = Some(teacher);
            loss(&changes)
                .of(&logits(), &Target { labels, teacher })
                .double_value(&[])
        };
        let agreeing = (logits() / 2.0).softmax(-1, Kind::Float);
        assert!(of(agreeing.shallow_clone()).abs() < 1e-5);
        assert!(of(agreeing.roll([1], [1])) > 0.1);
    }
}
