//! The loss: cross-entropy with soft labels, class weights, label smoothing and distillation.

use tch::{Device, Kind, Tensor};

use super::config::TrainingConfig;
use crate::{Class, ClassList};

/// The targets of a batch.
pub struct Target {
    /// Label probabilities (N × classes, rows sum to 1): one-hot, except for images mixed by mixup.
    pub labels: Tensor,
    /// The teacher's probabilities (N × classes) at the configured temperature.
    pub teacher: Option<Tensor>,
    /// The classes that the loss of an image is about (N × classes, true or false); all of them if `None`.
    pub classes: Option<Tensor>,
}

/// The configured loss function.
pub struct Loss {
    /// Class weights, in class order.
    weights: Tensor,
    label_smoothing: f64,
    distillation_alpha: f64,
    teacher_temperature: f64,
}

impl Loss {
    /// The configured loss, with the class weights `weights`.
    pub fn new(config: &TrainingConfig, weights: &[f64], device: Device) -> Self {
        Self {
            weights: to_tensor(weights, device),
            label_smoothing: config.label_smoothing,
            distillation_alpha: config.distillation_alpha,
            teacher_temperature: config.teacher_temperature,
        }
    }

    /// Replaces the class weights.
    pub fn set_weights(&mut self, weights: &[f64]) {
        self.weights = to_tensor(weights, self.weights.device());
    }

    /// The mean loss of a batch (a scalar with gradients): a mean weighted by class weight, as in PyTorch's
    /// `CrossEntropyLoss`, with these extensions:
    ///
    /// * Classes that are not among an image's [`Target::classes`] are left out of its softmax. Label smoothing spreads
    ///   over the others, and so do the teacher's probabilities.
    /// * Distillation: T² · KL(teacher ‖ student) has the weight `distillation_alpha`, the loss on the labels the rest
    ///   (Hinton et al. 2015).
    pub fn compute(&self, logits: &Tensor, target: &Target) -> Tensor {
        let logits = masked(logits, target);
        let log_probabilities = logits.log_softmax(-1, Kind::Float);
        let certain = &target.labels * (1.0 - self.label_smoothing);
        let smoothed = match &target.classes {
            Some(classes) => certain + normalised(classes) * self.label_smoothing,
            None => certain + self.label_smoothing / self.weights.size()[0] as f64,
        };
        let losses = -(smoothed * &self.weights * &log_probabilities).sum_dim_intlist(
            -1i64,
            false,
            Kind::Float,
        );
        let total_weight = (&target.labels * &self.weights).sum(Kind::Float);
        let label_loss = losses.sum(Kind::Float) / total_weight;
        match &target.teacher {
            Some(teacher) => {
                let distillation = self.distillation(&logits, teacher, target);
                label_loss * (1.0 - self.distillation_alpha)
                    + distillation * self.distillation_alpha
            }
            None => label_loss,
        }
    }

    /// The distillation loss T² · KL(teacher ‖ student), with both at temperature T.
    fn distillation(&self, logits: &Tensor, teacher: &Tensor, target: &Target) -> Tensor {
        let temperature = self.teacher_temperature;
        let log_probabilities = (logits / temperature).log_softmax(-1, Kind::Float);
        let teacher = &match &target.classes {
            Some(classes) => normalised(&(teacher * classes)),
            None => teacher.shallow_clone(),
        };
        let terms = teacher * (teacher.clamp_min(1e-8).log() - log_probabilities);
        let divergences = terms.sum_dim_intlist(-1i64, false, Kind::Float);
        divergences.mean(Kind::Float) * (temperature * temperature)
    }
}

/// Logits whose softmax is 0 in the classes that are left out. Not −∞, which times a label of 0 would be NaN.
fn masked(logits: &Tensor, target: &Target) -> Tensor {
    const LEFT_OUT: f64 = -1e4;
    match &target.classes {
        Some(classes) => logits.masked_fill(&classes.logical_not(), LEFT_OUT),
        None => logits.shallow_clone(),
    }
}

/// Rows scaled to a sum of 1.
fn normalised(rows: &Tensor) -> Tensor {
    let sums = rows.sum_dim_intlist(-1i64, true, Kind::Float);
    rows / sums.clamp_min(1e-6)
}

fn to_tensor(values: &[f64], device: Device) -> Tensor {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    Tensor::from_slice(&values).to_device(device)
}

/// One-hot rows (N × classes) of the given classes.
pub fn one_hot(classes: ClassList, truths: &[Class], device: Device) -> Tensor {
    let numbers: Vec<i64> = truths.iter().map(|truth| truth.index() as i64).collect();
    Tensor::from_slice(&numbers)
        .one_hot(classes.len() as i64)
        .to_kind(Kind::Float)
        .to_device(device)
}

#[cfg(test)]
mod tests;
