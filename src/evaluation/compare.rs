//! Comparison of two evaluations of the same images.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::metrics_path;
use crate::dataset::Split;
use crate::metrics::comparison::{self, Comparison};
use crate::metrics::{Predictions, predictions};
use crate::{Class, ClassList, Error, Result};

/// A comparison with the split that it was made on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// SHA-256 of the dataset manifest of both.
    pub manifest: String,
    /// The split.
    pub split: Split,
    /// The classes.
    #[serde(skip)]
    pub classes: ClassList,
    /// The comparison.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// Compares two evaluations, each a `metrics.json` or the folder with it. Predictions are read from the
/// `predictions.csv` beside each, unless `predictions` names others.
///
/// # Errors
/// Unreadable files, and evaluations of different images or with different truths.
pub fn compare(
    a: &Path,
    b: &Path,
    predictions: Option<(&PathBuf, &PathBuf)>,
    seed: u64,
) -> Result<Compared> {
    let (a_metrics, b_metrics) = (metrics_path(a), metrics_path(b));
    let (a_data, b_data) = (scored_data(&a_metrics)?, scored_data(&b_metrics)?);
    if a_data != b_data {
        let describe = |(manifest, split): &(String, Split)| {
            format!(
                "the {split} split of dataset {}",
                manifest.get(..12).unwrap_or(manifest)
            )
        };
        return Err(Error::file(
            &b_metrics,
            format!(
                "it scores {}, but {} scores {}",
                describe(&b_data),
                a_metrics.display(),
                describe(&a_data)
            ),
            "Only metrics of the same images can be compared: \
             evaluate both networks on the same split of the same dataset.",
        ));
    }
    let beside = |metrics: &Path| metrics.with_file_name(predictions::FILE);
    let (a_path, b_path) = match predictions {
        Some((a, b)) => (a.clone(), b.clone()),
        None => (beside(&a_metrics), beside(&b_metrics)),
    };
    let mut a = read_predictions(&a_path, &a_metrics)?;
    let b = read_predictions(&b_path, &b_metrics)?;
    if !have_the_same_metrics(a.classes, b.classes) {
        return Err(Error::file(
            &b_path,
            format!(
                "it has another class list than {}: codes, their order, malignant or watch differ",
                a_path.display()
            ),
            "Only evaluations with the same class list can be compared: prepare and train with one --classes.",
        ));
    }
    let b = reordered_like(&a, b, &b_path)?;
    // Of the same images: what one file lacks is in the other.
    if a.lesion_ids.is_empty() {
        a.lesion_ids.clone_from(&b.lesion_ids);
    }
    if a.patient_ids.is_empty() {
        a.patient_ids.clone_from(&b.patient_ids);
    }
    let (manifest, split) = a_data;
    Ok(Compared {
        manifest,
        split,
        classes: a.classes,
        comparison: comparison::compare(&a, &b, seed),
    })
}

/// Whether metrics for these lists are of the same classes: those of watched and malignant ones have metrics of their own.
fn have_the_same_metrics(a: ClassList, b: ClassList) -> bool {
    let flags = |class: Class| (class.code(), class.is_malignant(), class.is_watched());
    a.iter().map(flags).eq(b.iter().map(flags))
}

/// The images of an evaluation: manifest hash and split.
fn scored_data(metrics: &Path) -> Result<(String, Split)> {
    let (bytes, _) = super::read_metrics(metrics)?;
    let read = || -> Option<(String, Split)> {
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        let data = value.get("data")?;
        let split = data.get("split")?.as_str()?.parse().ok()?;
        Some((data.get("manifest")?.as_str()?.to_owned(), split))
    };
    read().ok_or_else(|| {
        Error::file(
            metrics,
            "it does not name the dataset and split that were scored",
            "Name a metrics.json, or its folder, that `skinlesion eval` wrote.",
        )
    })
}

/// Reads predictions, and refuses those whose confusion matrix is not that of the metrics, or that are beside the
/// metrics and have changed.
pub(super) fn read_predictions(path: &Path, metrics: &Path) -> Result<Predictions> {
    let (bytes, digests) = super::read_metrics(metrics)?;
    if let Some(digests) = digests.filter(|_| path == metrics.with_file_name(predictions::FILE)) {
        digests.refuse_changed(metrics, predictions::FILE, "Run `skinlesion eval` again.")?;
    }
    let predictions = Predictions::read(path)?;
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let counted = serde_json::json!(predictions.score().confusion_matrix);
    if value.get("confusion_matrix") != Some(&counted) {
        return Err(Error::file(
            path,
            format!(
                "its predictions do not make the confusion matrix of {}",
                metrics.display()
            ),
            "Name the predictions.csv that was written with each metrics.json.",
        ));
    }
    Ok(predictions)
}

/// The predictions `b` in the order of the images of `a`.
fn reordered_like(a: &Predictions, b: Predictions, path: &Path) -> Result<Predictions> {
    let refuse = |problem: String| {
        Error::file(
            path,
            problem,
            "Name the predictions.csv that belongs to each metrics.json.",
        )
    };
    let index_of: HashMap<&str, usize> =
        (b.image_ids.iter().map(String::as_str)).zip(0..).collect();
    if a.image_ids.len() != b.image_ids.len() || index_of.len() != b.image_ids.len() {
        return Err(refuse(format!(
            "it has {} images ({} distinct), but the other file has {}",
            b.image_ids.len(),
            index_of.len(),
            a.image_ids.len()
        )));
    }
    let mut order = Vec::with_capacity(a.image_ids.len());
    for (id, truth) in a.image_ids.iter().zip(&a.truths) {
        let &index =
            (index_of.get(id.as_str())).ok_or_else(|| refuse(format!("image {id} is missing")))?;
        if b.truths[index] != *truth {
            return Err(refuse(format!(
                "image {id} is {} here and {truth} in the other file",
                b.truths[index]
            )));
        }
        order.push(index);
    }
    Ok(b.select(&order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ClassEntry, ham10000};
    use crate::probabilities::Probabilities;

    #[test]
    fn lists_that_differ_in_order_or_in_what_is_watched_have_other_metrics() {
        let changed = |change: fn(&mut Vec<ClassEntry>)| {
            let mut entries = ham10000().entries().to_vec();
            change(&mut entries);
            ClassList::new("changed", entries).unwrap()
        };
        let same = |change| have_the_same_metrics(ham10000(), changed(change));
        assert!(same(|entries| entries[1].name.push('s')));
        assert!(!same(|entries| entries[1].watch = true));
        assert!(!same(|entries| entries[1].malignant = false));
        assert!(!same(|entries| entries.swap(0, 1)));
        assert!(!same(|entries| drop(entries.pop())));
    }

    #[test]
    fn predictions_in_another_order_keep_their_lesions_and_patients() {
        let of = |ids: [&str; 2], lesions: &[&str], patients: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|&id| id.to_owned()).collect();
            let nv = ham10000().by_code("nv").unwrap();
            Predictions {
                image_ids: owned(&ids),
                lesion_ids: owned(lesions),
                patient_ids: owned(patients),
                truths: vec![nv; 2],
                probabilities: vec![Probabilities::one_hot(nv); 2],
                ..Predictions::new(ham10000())
            }
        };
        let a = of(["i", "k"], &[], &[]);
        let b = of(["k", "i"], &["second", "first"], &["q", "p"]);
        let ordered = reordered_like(&a, b, Path::new("b.csv")).unwrap();
        assert_eq!(ordered.image_ids, ["i", "k"]);
        assert_eq!(ordered.lesion_ids, ["first", "second"]);
        assert_eq!(ordered.patient_ids, ["p", "q"]);
    }
}
