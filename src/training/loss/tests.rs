use crate::classes::ham10000;
use tch::Reduction;

use super::*;
use crate::training::Phase;
use crate::training::config::resolve;

const WEIGHTS: [f64; 7] = [3.0, 2.0, 1.0, 5.0, 1.5, 0.4, 4.0];

fn loss(changes: &[&str]) -> Loss {
    let changes: Vec<String> = changes.iter().map(|&c| c.to_owned()).collect();
    let config = resolve::resolve(Phase::Finetune, None, &changes).unwrap();
    Loss::new(&config, &WEIGHTS, Device::Cpu)
}

/// Not drawn at random: libtorch's generator is shared with tests in other threads.
fn logits() -> Tensor {
    let numbers = Tensor::arange(35, (Kind::Float, Device::Cpu)).view([5, 7]);
    (numbers.square() * 0.37).sin() * 3.0
}

fn truths() -> Vec<Class> {
    [0, 5, 5, 4, 3]
        .map(|index| ham10000().get(index).unwrap())
        .into()
}

fn target() -> Target {
    Target {
        labels: one_hot(ham10000(), &truths(), Device::Cpu),
        teacher: None,
        classes: None,
    }
}

fn libtorch_loss(logits: &Tensor, smoothing: f64) -> f64 {
    let weights = Tensor::from_slice(&WEIGHTS.map(|w| w as f32));
    let labels = Tensor::from_slice(
        &truths()
            .iter()
            .map(|t| t.index() as i64)
            .collect::<Vec<_>>(),
    );
    let loss = logits.cross_entropy_loss(&labels, Some(weights), Reduction::Mean, -100, smoothing);
    loss.double_value(&[])
}

#[test]
fn without_extensions_it_is_libtorchs_weighted_smoothed_cross_entropy() {
    for smoothing in [0.0, 0.1] {
        let smoothed = format!("label_smoothing={smoothing}");
        let ours = loss(&[&smoothed])
            .compute(&logits(), &target())
            .double_value(&[]);
        assert!((ours / libtorch_loss(&logits(), smoothing) - 1.0).abs() < 1e-5);
    }
}

#[test]
fn distillation_loss_is_zero_only_if_teacher_and_student_agree() {
    let changes = [
        "distillation_alpha=1",
        "teacher_temperature=2",
        "label_smoothing=0",
    ];
    let of = |teacher: Tensor| {
        let labels = target().labels;
        let teacher = Some(teacher);
        loss(&changes)
            .compute(
                &logits(),
                &Target {
                    labels,
                    teacher,
                    classes: None,
                },
            )
            .double_value(&[])
    };
    let agreeing = (logits() / 2.0).softmax(-1, Kind::Float);
    assert!(of(agreeing.shallow_clone()).abs() < 1e-5);
    assert!(of(agreeing.roll([1], [1])) > 0.1);
}

/// The loss and its gradient by the logits, with or without the classes 1 and 2, which are no labels here.
fn without_two_classes(changes: &[&str], logits: &Tensor, masked: bool) -> (f64, Tensor) {
    let logits = logits.copy().set_requires_grad(true);
    let left = Tensor::from_slice(&[true, false, false, true, true, true, true]);
    let teacher = (logits.detach() * 0.3).softmax(-1, Kind::Float);
    let target = Target {
        classes: masked.then(|| left.unsqueeze(0).repeat([5, 1])),
        teacher: Some(teacher),
        ..target()
    };
    let loss = loss(changes).compute(&logits, &target);
    loss.backward();
    (loss.double_value(&[]), logits.grad())
}

#[test]
fn a_class_left_out_counts_as_one_whose_logit_is_minus_infinity() {
    // Without smoothing, the full loss with logits far below the others is the same.
    let low = logits();
    let _ = low.narrow(1, 1, 2).fill_(-500.0);
    let changes = ["label_smoothing=0", "teacher_temperature=1"];
    let (expected, _) = without_two_classes(&changes, &low, false);
    let (loss, gradient) = without_two_classes(&changes, &logits(), true);
    assert!((loss - expected).abs() < 1e-5, "{loss} {expected}");
    assert_eq!(gradient.narrow(1, 1, 2).abs().max().double_value(&[]), 0.0);
    assert!(gradient.abs().sum(Kind::Float).double_value(&[]) > 0.1);
}

#[test]
fn label_smoothing_spreads_over_the_classes_that_are_not_left_out() {
    let changes = ["label_smoothing=0.1", "distillation_alpha=0"];
    let (loss, gradient) = without_two_classes(&changes, &logits(), true);
    let columns = Tensor::from_slice(&[0i64, 3, 4, 5, 6]);
    let log_probabilities = logits()
        .index_select(1, &columns)
        .log_softmax(-1, Kind::Double);
    let weights = [0, 3, 4, 5, 6].map(|class| WEIGHTS[class]);
    let (mut expected, mut total) = (0.0, 0.0);
    for (row, truth) in truths().iter().enumerate() {
        total += WEIGHTS[truth.index()];
        for (column, class) in [0, 3, 4, 5, 6].into_iter().enumerate() {
            let label = if class == truth.index() { 0.92 } else { 0.02 };
            let log = log_probabilities.double_value(&[row as i64, column as i64]);
            expected -= label * weights[column] * log;
        }
    }
    assert!((loss - expected / total).abs() < 1e-5, "{loss}");
    assert_eq!(gradient.narrow(1, 1, 2).abs().max().double_value(&[]), 0.0);
}
