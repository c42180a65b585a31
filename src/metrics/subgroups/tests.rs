//! Metrics and gaps of subgroups.

use super::*;
use crate::classes::{ham, ham10000};
use crate::metrics::score;

/// Images of two groups; `a` has fewer errors than `b`.
fn two_groups() -> (Predictions, Vec<String>) {
    let mut all = (Predictions::new(ham10000()), Vec::new());
    for image in 0..160_usize {
        let truth = if image.is_multiple_of(3) {
            ham("mel")
        } else {
            ham("nv")
        };
        let group = if image < 80 { "a" } else { "b" };
        let wrong = image.is_multiple_of(if group == "a" { 10 } else { 2 });
        let melanoma = (truth == ham("mel")) != wrong;
        let mut row = Probabilities::zeros(ham10000());
        let p = (image % 7) as f64 / 20.0 + if melanoma { 0.55 } else { 0.1 };
        row[ham("mel").index()] = p;
        row[ham("nv").index()] = 1.0 - p;
        all.0.image_ids.push(image.to_string());
        all.0.truths.push(truth);
        all.0.probabilities.push(row);
        all.0.lesion_ids.push(format!("lesion {}", image / 2));
        all.1.push(group.to_owned());
    }
    all
}

fn scored() -> Vec<Subgroup> {
    let (predictions, values) = two_groups();
    let same = vec!["same".to_owned(); 160];
    subgroups(&predictions, &[("group", values), ("one", same)], 1)
}

#[test]
fn metrics_of_a_group_equal_those_of_its_images_alone() {
    let (predictions, values) = two_groups();
    let groups = scored();
    assert_eq!(groups.len(), 2, "a column with one value has no groups");
    for group in &groups {
        let own = |image: &usize| values[*image] == group.value;
        let images: Vec<usize> = (0..160).filter(own).collect();
        let truths: Vec<_> = images.iter().map(|&i| predictions.truths[i]).collect();
        let rows: Vec<_> = images
            .iter()
            .map(|&i| predictions.probabilities[i].clone())
            .collect();
        let metrics = score(ham10000(), &truths, &rows);
        let melanoma = &metrics.per_class["mel"];
        for (name, expected) in [
            ("accuracy", metrics.accuracy),
            ("balanced_accuracy", metrics.balanced_accuracy),
            ("melanoma_recall", melanoma.recall),
            ("melanoma_auc", melanoma.auc),
        ] {
            assert_eq!(Some(group.figures[name].value), expected, "{name}");
        }
        assert_eq!((group.n, group.melanomas), (80, melanoma.support));
    }
}

#[test]
fn the_gaps_of_two_groups_are_opposite() {
    let groups = scored();
    let gap = |group: usize| groups[group].figures["accuracy"].gap.unwrap();
    assert!(gap(0) > 0.3 && (gap(0) + gap(1)).abs() < 1e-12);
    let [low, high] = groups[0].figures["accuracy"].gap_interval.unwrap();
    assert!(0.1 < low && low < gap(0) && gap(0) < high, "{low} {high}");
    assert_eq!(groups, scored(), "the same seed gives the same intervals");
}

#[test]
fn small_groups_are_not_listed_but_count_as_others() {
    let (predictions, mut values) = two_groups();
    values[..MIN_IMAGES - 1].fill("rare".to_owned());
    let groups = subgroups(&predictions, &[("group", values)], 1);
    let names: Vec<&str> = groups.iter().map(|group| group.value.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(groups[0].n, 80 - (MIN_IMAGES - 1));
}

#[test]
fn age_bands_are_ten_years_except_the_first_and_last() {
    for (age, band) in [
        ("0.0", "0–19"),
        ("19", "0–19"),
        ("20.0", "20–29"),
        ("59.9", "50–59"),
        ("85.0", "80 and over"),
        ("", "unknown"),
        ("old", "unknown"),
    ] {
        assert_eq!(age_band(age), band);
    }
}
