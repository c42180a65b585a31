//! The loss: cross-entropy with soft labels, class weights, label smoothing, focal loss, logit adjustment and
//! distillation.

use tch::{Device, Kind, Tensor};

use super::config::TrainingConfig;
use crate::Diagnosis;

/// The targets of a batch.
pub struct Target {
    /// Label probabilities (N × 7, rows sum to 1): one-hot, except for images mixed by mixup or CutMix.
    pub labels: Tensor,
    /// The teacher's probabilities (N × 7) at the configured temperature.
    pub teacher: Option<Tensor>,
}

/// The configured loss function.
pub struct Loss {
    /// Class weights (7).
    weights: Tensor,
    /// Logit adjustment, added to the logits in training (7).
    adjustment: Option<Tensor>,
    label_smoothing: f64,
    focal_gamma: f64,
    distillation_alpha: f64,
    teacher_temperature: f64,
}

impl Loss {
    /// The configured loss. `weights` are the class weights, `counts` the images per class in an epoch: whole numbers,
    /// or expected ones.
    pub fn new(
        config: &TrainingConfig,
        weights: &[f64; Diagnosis::COUNT],
        counts: &[f64; Diagnosis::COUNT],
        device: Device,
    ) -> Self {
        Self {
            weights: to_tensor(weights, device),
            adjustment: (config.logit_adjustment > 0.0)
                .then(|| to_tensor(&adjustment(config.logit_adjustment, counts), device)),
            label_smoothing: config.label_smoothing,
            focal_gamma: config.focal_gamma,
            distillation_alpha: config.distillation_alpha,
            teacher_temperature: config.teacher_temperature,
        }
    }

    /// Replaces the class weights.
    pub fn set_weights(&mut self, weights: &[f64; Diagnosis::COUNT]) {
        self.weights = to_tensor(weights, self.weights.device());
    }

    /// The mean loss of a batch (a scalar with gradients): a mean weighted by class weight, as in PyTorch's
    /// `CrossEntropyLoss`, with these extensions:
    ///
    /// * Focal loss: an image's loss is multiplied by (1 − p)^γ, where p is the probability of its label
    ///   (Lin et al. 2017).
    /// * Logit adjustment: τ · ln(class frequency) is added to the logits, in training only (Menon et al. 2021).
    ///   τ = 1 is the balanced softmax (Ren et al. 2020).
    /// * Distillation: T² · KL(teacher ‖ student) has the weight `distillation_alpha`, the loss on the labels the rest
    ///   (Hinton et al. 2015).
    pub fn compute(&self, logits: &Tensor, target: &Target) -> Tensor {
        let adjusted = match &self.adjustment {
            Some(adjustment) => logits + adjustment,
            None => logits.shallow_clone(),
        };
        let log_probabilities = adjusted.log_softmax(-1, Kind::Float);
        let uniform = self.label_smoothing / Diagnosis::COUNT as f64;
        let smoothed = &target.labels * (1.0 - self.label_smoothing) + uniform;
        let mut losses = -(smoothed * &self.weights * &log_probabilities).sum_dim_intlist(
            -1i64,
            false,
            Kind::Float,
        );
        if self.focal_gamma > 0.0 {
            let confidence = (&target.labels * log_probabilities.exp()).sum_dim_intlist(
                -1i64,
                false,
                Kind::Float,
            );
            losses *= (confidence.neg() + 1.0)
                .clamp_min(0.0)
                .pow_tensor_scalar(self.focal_gamma);
        }
        let total_weight = (&target.labels * &self.weights).sum(Kind::Float);
        let label_loss = losses.sum(Kind::Float) / total_weight;
        match &target.teacher {
            Some(teacher) => {
                let distillation = self.distillation(logits, teacher);
                label_loss * (1.0 - self.distillation_alpha)
                    + distillation * self.distillation_alpha
            }
            None => label_loss,
        }
    }

    /// The distillation loss T² · KL(teacher ‖ student), with both at temperature T.
    fn distillation(&self, logits: &Tensor, teacher: &Tensor) -> Tensor {
        let temperature = self.teacher_temperature;
        let log_probabilities = (logits / temperature).log_softmax(-1, Kind::Float);
        let terms = teacher * (teacher.clamp_min(1e-8).log() - log_probabilities);
        let divergences = terms.sum_dim_intlist(-1i64, false, Kind::Float);
        divergences.mean(Kind::Float) * (temperature * temperature)
    }
}

/// τ · ln(class frequency). A class without images is treated as one image; it is never a label.
fn adjustment(tau: f64, counts: &[f64; Diagnosis::COUNT]) -> [f64; Diagnosis::COUNT] {
    let images: f64 = counts.iter().sum();
    counts.map(|count| tau * (count.max(1.0) / images.max(1.0)).ln())
}

fn to_tensor(values: &[f64; Diagnosis::COUNT], device: Device) -> Tensor {
    Tensor::from_slice(&values.map(|value| value as f32)).to_device(device)
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
    const COUNTS: [f64; 7] = [30.0, 50.0, 110.0, 10.0, 110.0, 670.0, 20.0];

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

    fn libtorch_loss(logits: &Tensor, smoothing: f64) -> f64 {
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
    fn without_extensions_it_is_libtorchs_weighted_smoothed_cross_entropy() {
        for smoothing in [0.0, 0.1] {
            let smoothed = format!("label_smoothing={smoothing}");
            let ours = loss(&[PLAIN[1], PLAIN[2], &smoothed])
                .compute(&logits(), &target())
                .double_value(&[]);
            assert!((ours / libtorch_loss(&logits(), smoothing) - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn logit_adjustment_with_tau_one_is_balanced_softmax() {
        let changes = ["label_smoothing=0", "focal_gamma=0", "logit_adjustment=1"];
        let ours = loss(&changes)
            .compute(&logits(), &target())
            .double_value(&[]);
        let frequencies = Tensor::from_slice(&COUNTS.map(|count| count as f32 / 1000.0));
        let expected = libtorch_loss(&(logits() + frequencies.log()), 0.0);
        // The terms are summed in another order, in single precision.
        assert!((ours / expected - 1.0).abs() < 1e-5);
    }

    #[test]
    fn focal_loss_down_weights_confident_correct_predictions() {
        let confident = one_hot(&truths(), Device::Cpu) * 8.0;
        let ratio = |logits: &Tensor| {
            let of = |gamma: &str| {
                let changes = ["label_smoothing=0", "logit_adjustment=0", gamma];
                loss(&changes).compute(logits, &target()).double_value(&[])
            };
            of("focal_gamma=2") / of("focal_gamma=0")
        };
        assert!(ratio(&confident) < 1e-4);
        assert!(ratio(&(confident * -1.0)) > 0.9);
    }

    #[test]
    fn distillation_loss_is_zero_only_if_teacher_and_student_agree() {
        let changes = ["distillation_alpha=1", "teacher_temperature=2", PLAIN[0]];
        let of = |teacher: Tensor| {
            let labels = target().labels;
            let teacher = Some(teacher);
            loss(&changes)
                .compute(&logits(), &Target { labels, teacher })
                .double_value(&[])
        };
        let agreeing = (logits() / 2.0).softmax(-1, Kind::Float);
        assert!(of(agreeing.shallow_clone()).abs() < 1e-5);
        assert!(of(agreeing.roll([1], [1])) > 0.1);
    }
}
