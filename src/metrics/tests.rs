//! Metrics against scikit-learn's, and their invariants.

use crate::classes::{by_name, ham, ham10000};
use proptest::prelude::*;
use serde::{Deserialize, Deserializer};

use super::*;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(super) struct Case {
    name: String,
    pub(super) truths: Vec<usize>,
    #[serde(deserialize_with = "rows")]
    pub(super) probabilities: Vec<Probabilities>,
    metrics: Metrics,
    report: String,
    report_without_nv: String,
}

/// Rows of probabilities of HAM10000's classes.
pub(super) fn rows<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Probabilities>, D::Error> {
    let rows: Vec<[f64; 7]> = Vec::deserialize(from)?;
    let of_row = |row| Probabilities::new(ham10000(), row);
    Ok(rows.into_iter().map(of_row).collect())
}

pub(super) fn cases() -> Vec<Case> {
    let text = include_str!("../../tests/reference/metrics.json");
    serde_json::from_str::<Reference>(text).unwrap().cases
}

pub(super) fn diagnoses(indices: &[usize]) -> Vec<Class> {
    let of = |&index: &usize| ham10000().get(index).unwrap();
    indices.iter().map(of).collect()
}

/// Every number of the serialized metrics with its path, `None` for null.
fn numbers(metrics: &Metrics) -> Vec<(String, Option<f64>)> {
    fn walk(path: String, value: &serde_json::Value, found: &mut Vec<(String, Option<f64>)>) {
        match value {
            serde_json::Value::Object(object) => {
                for (key, value) in object {
                    walk(format!("{path}.{key}"), value, found);
                }
            }
            serde_json::Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    walk(format!("{path}.{index}"), value, found);
                }
            }
            serde_json::Value::Number(_) | serde_json::Value::Null => {
                found.push((path, value.as_f64()));
            }
            _ => {} // texts of the classes
        }
    }
    let mut found = Vec::new();
    walk(
        String::new(),
        &serde_json::to_value(metrics).unwrap(),
        &mut found,
    );
    found
}

fn assert_close(found: &Metrics, expected: &Metrics, tolerance: f64, name: &str) {
    for ((path, found), (_, expected)) in numbers(found).into_iter().zip(numbers(expected)) {
        let agree = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= tolerance,
            (found, expected) => found == expected,
        };
        assert!(agree, "{name}{path}: {found:?}, not {expected:?}");
    }
}

#[test]
fn every_metric_agrees_with_scikit_learn() {
    assert_eq!(cases().len(), 8);
    for case in cases() {
        let metrics = score(ham10000(), &diagnoses(&case.truths), &case.probabilities);
        assert_eq!(numbers(&metrics).len(), numbers(&case.metrics).len());
        assert_close(&metrics, &case.metrics, 1e-9, &case.name);
    }
}

#[test]
fn the_classification_report_is_identical_to_scikit_learns() {
    for case in cases() {
        let metrics = score(ham10000(), &diagnoses(&case.truths), &case.probabilities);
        let confusion = metrics.confusion();
        let report = classification_report(&confusion, &confusion.labels());
        assert_eq!(report, case.report, "{}", case.name);
        let without_nv: Vec<_> = ham10000()
            .iter()
            .filter(|&class| class != ham("nv"))
            .collect();
        let report = classification_report(&confusion, &without_nv);
        assert_eq!(report, case.report_without_nv, "{}", case.name);
    }
}

#[test]
fn without_images_every_metric_is_undefined_with_a_reason() {
    let metrics = score(ham10000(), &[], &[]);
    for name in Metrics::NAMES {
        assert_eq!(metrics.get(name), None);
    }
    assert_eq!(metrics.undefined()["accuracy"], "there are no images");
    assert!(
        numbers(&metrics)
            .iter()
            .all(|(_, figure)| figure.is_none_or(|x| x == 0.0))
    );
}

#[test]
fn exactly_the_undefined_metrics_have_reasons() {
    for case in cases() {
        let metrics = score(ham10000(), &diagnoses(&case.truths), &case.probabilities);
        let mut nulls: Vec<String> = numbers(&metrics)
            .into_iter()
            .filter(|(_, figure)| figure.is_none())
            .map(|(path, _)| path[1..].to_owned())
            .collect();
        nulls.sort();
        let reasons: Vec<String> = metrics.undefined().into_keys().collect();
        assert_eq!(nulls, reasons, "{}", case.name);
    }
}

#[test]
fn every_name_gets_its_metric() {
    let case = cases().remove(0);
    let metrics = score(ham10000(), &diagnoses(&case.truths), &case.probabilities);
    assert_eq!(
        metrics.get("melanoma_recall"),
        metrics.per_class["mel"].recall
    );
    for name in Metrics::NAMES {
        assert!(metrics.get(name).is_some(), "{name}");
    }
    assert_eq!(metrics.get("charm"), None);
}

/// Truths with probabilities; probabilities take few values, so that ties are common.
#[test]
fn top_k_accuracy_is_left_out_where_it_is_always_one() {
    for (list, expected) in [
        ("melanoma", [false; 2]),
        ("isic2017", [true, false]),
        ("isic2019", [true; 2]),
    ] {
        let classes = by_name(list).unwrap();
        let truths: Vec<Class> = classes.iter().collect();
        let answers: Vec<_> = truths
            .iter()
            .map(|&class| Probabilities::one_hot(class))
            .collect();
        let metrics = score(classes, &truths, &answers);
        let found = ["top2_accuracy", "top3_accuracy"].map(|name| metrics.get(name).is_some());
        assert_eq!(found, expected, "{list}");
        let names = Metrics::names(classes);
        let named = ["top2_accuracy", "top3_accuracy"].map(|name| names.contains(&name.to_owned()));
        assert_eq!(named, expected, "{list}");
    }
}

fn predictions() -> impl Strategy<Value = Vec<(usize, Probabilities)>> {
    let row = prop::array::uniform7(0_u8..6).prop_map(|parts| {
        let sum: f64 = parts.iter().map(|&part| f64::from(part) + 0.25).sum();
        Probabilities::new(ham10000(), parts.map(|part| (f64::from(part) + 0.25) / sum))
    });
    prop::collection::vec((0..7_usize, row), 1..60)
}

fn score_pairs(pairs: &[(usize, Probabilities)]) -> Metrics {
    let truths: Vec<usize> = pairs.iter().map(|(truth, _)| *truth).collect();
    let probabilities: Vec<Probabilities> = pairs.iter().map(|(_, row)| row.clone()).collect();
    score(ham10000(), &diagnoses(&truths), &probabilities)
}

proptest! {
    #[test]
    fn metrics_do_not_depend_on_the_order_of_the_images(
        (pairs, shuffled) in predictions().prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle()))
    ) {
        assert_close(&score_pairs(&shuffled), &score_pairs(&pairs), 1e-12, "shuffled");
    }

    #[test]
    fn perfect_predictions_score_one(truths in prop::collection::vec(0..7_usize, 1..60)) {
        let pairs: Vec<_> = truths
            .into_iter()
            .map(|truth| {
                let class = ham10000().get(truth).unwrap();
                (truth, Probabilities::one_hot(class))
            })
            .collect();
        let metrics = score_pairs(&pairs);
        prop_assert!(metrics.log_loss.unwrap() < 1e-15);
        for name in Metrics::NAMES.iter().filter(|&&name| name != "log_loss") {
            prop_assert!(metrics.get(name).is_none_or(|figure| figure == 1.0), "{}", name);
        }
    }

    #[test]
    fn constant_predictions_score_the_base_rate(
        truths in prop::collection::vec(0..7_usize, 1..60)
    ) {
        let row = Probabilities::new(ham10000(), [0.05, 0.05, 0.1, 0.1, 0.15, 0.5, 0.05]);
        let pairs: Vec<_> = truths.iter().map(|&truth| (truth, row.clone())).collect();
        let metrics = score_pairs(&pairs);
        let nevi = truths.iter().filter(|&&truth| truth == ham("nv").index()).count();
        prop_assert_eq!(metrics.accuracy.unwrap(), nevi as f64 / truths.len() as f64);
        for class in metrics.per_class.values() {
            prop_assert!(class.auc.is_none_or(|auc| auc == 0.5));
            let share = class.support as f64 / truths.len() as f64;
            prop_assert!(class.average_precision.is_none_or(|average| (average - share).abs() < 1e-12));
        }
    }

    #[test]
    fn metrics_are_within_their_bounds(pairs in predictions()) {
        let metrics = score_pairs(&pairs);
        for name in Metrics::NAMES.iter().filter(|&&name| name != "log_loss") {
            prop_assert!(metrics.get(name).is_none_or(|figure| (0.0..=1.0).contains(&figure)), "{}", name);
        }
        prop_assert!(metrics.top2_accuracy <= metrics.top3_accuracy);
        prop_assert!(metrics.log_loss.unwrap() >= 0.0);
        prop_assert_eq!(metrics.confusion_matrix.iter().flatten().sum::<usize>(), pairs.len());
    }

    #[test]
    fn aucs_of_mirrored_scores_sum_to_one(pairs in predictions()) {
        let mirrored: Vec<_> = pairs.iter().map(|(truth, row)| (*truth, row.map(|p| 1.0 - p))).collect();
        let (metrics, mirrored) = (score_pairs(&pairs), score_pairs(&mirrored));
        for class in ham10000().iter() {
            if let (Some(auc), Some(other)) = (metrics.per_class[class.code()].auc, mirrored.per_class[class.code()].auc) {
                prop_assert!((auc + other - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn analyses_do_not_depend_on_the_order_of_the_images(
        (pairs, shuffled) in predictions().prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle()))
    ) {
        let of = |pairs: &[(usize, Probabilities)]| {
            let truths: Vec<usize> = pairs.iter().map(|(truth, _)| *truth).collect();
            Predictions {
                classes: ham10000(),
                image_ids: vec![String::new(); truths.len()],
                lesion_ids: Vec::new(),
                patient_ids: Vec::new(),
                truths: diagnoses(&truths),
                probabilities: pairs.iter().map(|(_, row)| row.clone()).collect(),
                balanced: Vec::new(),
            }
        };
        let (plain, shuffled) = (of(&pairs), of(&shuffled));
        let isic = |p: &Predictions| isic::score(ham10000(), &p.truths, &p.probabilities);
        prop_assert_eq!(isic(&plain), isic(&shuffled));
        let points = |p: &Predictions| operating_points::operating_points(p, p);
        prop_assert_eq!(points(&plain), points(&shuffled));
        let calibrated = |p: &Predictions| calibration::calibration(&p.truths, &p.probabilities).unwrap();
        let (plain, shuffled) = (calibrated(&plain), calibrated(&shuffled));
        prop_assert!((plain.ece_equal_mass - shuffled.ece_equal_mass).abs() < 1e-12);
        prop_assert!((plain.ece_equal_width - shuffled.ece_equal_width).abs() < 1e-12);
        prop_assert!((plain.brier - shuffled.brier).abs() < 1e-12);
    }

    #[test]
    fn metrics_are_read_back_from_json(pairs in predictions()) {
        let metrics = score_pairs(&pairs);
        let text = serde_json::to_string(&metrics).unwrap();
        assert_close(&serde_json::from_str(&text).unwrap(), &metrics, 1e-15, "read back");
    }
}
