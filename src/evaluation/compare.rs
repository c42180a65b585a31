//! Two evaluations of the same images.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::METRICS_FILE;
use crate::dataset::Split;
use crate::metrics::comparison;
use crate::metrics::comparison::Comparison;
use crate::metrics::{Predictions, predictions};
use crate::{Error, Result};

/// A comparison, and of what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// SHA-256 of the manifest that both were scored with.
    pub manifest: String,
    /// The part of it.
    pub split: Split,
    /// What was found.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// Compares two evaluations, each a `metrics.json` or the folder that holds it, with their predictions beside them
/// unless they are named.
///
/// # Errors
/// Those of reading, and two evaluations of different images or with different truths.
pub fn compare(
    a: &Path,
    b: &Path,
    predictions: Option<(&PathBuf, &PathBuf)>,
    seed: u64,
) -> Result<Compared> {
    let (a_metrics, b_metrics) = (metrics_of(a), metrics_of(b));
    let (own, other) = (test_set(&a_metrics)?, test_set(&b_metrics)?);
    if own != other {
        let part = |(manifest, split): &(String, Split)| {
            format!(
                "the {split} part of dataset {}",
                manifest.get(..12).unwrap_or(manifest)
            )
        };
        return Err(Error::file(
            &b_metrics,
            format!(
                "it scores {}, but {} scores {}",
                part(&other),
                a_metrics.display(),
                part(&own)
            ),
            "Only figures of the same images can be compared: evaluate both networks on the same part of the same dataset.",
        ));
    }
    let beside = |metrics: &Path| metrics.with_file_name(predictions::FILE);
    let (a_path, b_path) = match predictions {
        Some((a, b)) => (a.clone(), b.clone()),
        None => (beside(&a_metrics), beside(&b_metrics)),
    };
    let mut a = read_of(&a_path, &a_metrics)?;
    let other = read_of(&b_path, &b_metrics)?;
    if a.lesion_ids.is_empty() && !other.lesion_ids.is_empty() {
        let of_image: HashMap<&str, &str> = other
            .image_ids
            .iter()
            .map(String::as_str)
            .zip(other.lesions())
            .collect();
        let lesion = |id: &String| of_image.get(id.as_str()).map(|lesion| (*lesion).to_owned());
        a.lesion_ids = a.image_ids.iter().filter_map(lesion).collect();
    }
    let b = in_order_of(&a, other, &b_path)?;
    let (manifest, split) = own;
    Ok(Compared {
        manifest,
        split,
        comparison: comparison::compare(&a, &b, seed),
    })
}

fn metrics_of(path: &Path) -> PathBuf {
    match path.is_dir() {
        true => path.join(METRICS_FILE),
        false => path.to_owned(),
    }
}

/// Which images an evaluation is about: the manifest's hash and the part.
fn test_set(metrics: &Path) -> Result<(String, Split)> {
    let bytes = std::fs::read(metrics).map_err(Error::io("read", metrics))?;
    let read = || -> Option<(String, Split)> {
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        let data = value.get("data")?;
        let split = data.get("split")?.as_str()?.parse().ok()?;
        Some((data.get("manifest")?.as_str()?.to_owned(), split))
    };
    read().ok_or_else(|| {
        Error::file(
            metrics,
            "it does not say which images it is about",
            "Name a metrics.json, or its folder, that `skinlesion eval` wrote.",
        )
    })
}

/// Reads predictions, and refuses those that are not the ones that the metrics tell of.
fn read_of(path: &Path, metrics: &Path) -> Result<Predictions> {
    let predictions = Predictions::read(path)?;
    let bytes = std::fs::read(metrics).map_err(Error::io("read", metrics))?;
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let counted = serde_json::json!(predictions.score().confusion_matrix);
    if value.get("confusion_matrix") != Some(&counted) {
        return Err(Error::file(
            path,
            format!(
                "its answers do not make the confusion matrix of {}",
                metrics.display()
            ),
            "Name the predictions.csv that was written with each metrics.json.",
        ));
    }
    Ok(predictions)
}

/// The predictions `b` in the order of `a`.
fn in_order_of(a: &Predictions, b: Predictions, path: &Path) -> Result<Predictions> {
    let refuse = |problem: String| {
        Error::file(
            path,
            problem,
            "Name the predictions.csv that belongs to each metrics.json.",
        )
    };
    let places: HashMap<&str, usize> = (b.image_ids.iter().map(String::as_str)).zip(0..).collect();
    if a.image_ids.len() != b.image_ids.len() || places.len() != b.image_ids.len() {
        return Err(refuse(format!(
            "it has {} images, {} of them distinct, but the other has {}",
            b.image_ids.len(),
            places.len(),
            a.image_ids.len()
        )));
    }
    let mut ordered = Predictions::default();
    for (id, truth) in a.image_ids.iter().zip(&a.truths) {
        let &place =
            (places.get(id.as_str())).ok_or_else(|| refuse(format!("image {id} is not in it")))?;
        if b.truths[place] != *truth {
            return Err(refuse(format!(
                "image {id} is {} here and {truth} there",
                b.truths[place]
            )));
        }
        ordered.image_ids.push(id.clone());
        ordered.truths.push(*truth);
        ordered.probabilities.push(b.probabilities[place]);
    }
    Ok(ordered)
}
