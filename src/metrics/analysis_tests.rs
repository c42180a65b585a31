//! Curves, ISIC's metrics and operating points against scikit-learn's.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Predictions;
use super::binary::Binary;
use super::isic::{self, IsicClass};
use super::operating_points::{Target, operating_points};
use super::tests::{cases as predictions, diagnoses};
use crate::classes::{ham, ham10000};

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    isic: BTreeMap<String, IsicClass>,
    curves: BTreeMap<String, Curves>,
    points: BTreeMap<Target, Vec<Point>>,
}

#[derive(Deserialize)]
struct Curves {
    roc: Option<Vec<(f64, f64)>>,
    precision_recall: Option<Vec<(f64, f64)>>,
}

#[derive(Deserialize)]
struct Point {
    wanted: f64,
    threshold: f64,
    counts: [usize; 4],
    net_benefit: Option<f64>,
}

/// Predictions with scikit-learn's results for them.
fn cases() -> Vec<(Predictions, Case)> {
    let text = include_str!("../../tests/reference/analysis.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    let predictions = predictions().into_iter().map(|case| Predictions {
        classes: ham10000(),
        image_ids: vec![String::new(); case.truths.len()],
        lesion_ids: Vec::new(),
        patient_ids: Vec::new(),
        truths: diagnoses(&case.truths),
        probabilities: case.probabilities,
        balanced: Vec::new(),
    });
    predictions.zip(reference.cases).collect()
}

fn agree(found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9,
        (found, expected) => found == expected,
    }
}

#[test]
fn isic_metrics_agree_with_scikit_learn() {
    for (predictions, case) in cases() {
        let found = isic::score(ham10000(), &predictions.truths, &predictions.probabilities);
        assert_eq!(
            found.balanced_accuracy,
            predictions.score().balanced_accuracy
        );
        for (class, expected) in &case.isic {
            let found = serde_json::to_value(found.per_class[class]).unwrap();
            let expected = serde_json::to_value(expected).unwrap();
            assert_eq!(expected.as_object().unwrap().len(), 8);
            for (name, expected) in expected.as_object().unwrap() {
                assert!(
                    agree(found[name].as_f64(), expected.as_f64()),
                    "{}, {class}, {name}: {} is not {expected}",
                    case.name,
                    found[name]
                );
            }
        }
    }
}

#[test]
fn curves_agree_with_scikit_learn() {
    for (predictions, case) in cases() {
        for (class, expected) in &case.curves {
            let binary = Binary::any_of(
                &[ham(class)],
                &predictions.truths,
                &predictions.probabilities,
            );
            for (found, expected) in [
                (binary.roc(), &expected.roc),
                (binary.precision_recall(), &expected.precision_recall),
            ] {
                let lengths = |points: &Option<Vec<_>>| points.as_ref().map(Vec::len);
                assert_eq!(lengths(&found), lengths(expected), "{} {class}", case.name);
                for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9;
                    assert!(near(found.0, expected.0) && near(found.1, expected.1));
                }
            }
        }
    }
}

#[test]
fn selected_thresholds_agree_with_scikit_learns_roc_curve() {
    for (predictions, case) in cases() {
        let found = operating_points(&predictions, &predictions);
        let expected: Vec<(&Target, &Point)> = (case.points.iter())
            .flat_map(|(target, points)| points.iter().map(move |point| (target, point)))
            .collect();
        assert_eq!(found.len(), expected.len(), "{}", case.name);
        for (found, (target, expected)) in found.iter().zip(expected) {
            assert_eq!(&found.target, target);
            assert_eq!(found.wanted_sensitivity, expected.wanted);
            // Sums of three probabilities may differ in the last digit.
            assert!((found.threshold - expected.threshold).abs() <= 1e-12);
            let counts = found.scored.counts;
            assert_eq!(
                [
                    counts.true_positives,
                    counts.false_positives,
                    counts.false_negatives,
                    counts.true_negatives
                ],
                expected.counts,
                "{} {target:?} {}",
                case.name,
                expected.wanted
            );
            assert!(agree(found.scored.net_benefit, expected.net_benefit));
        }
    }
}
