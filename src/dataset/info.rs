//! `dataset.json`: what a dataset folder holds and how it came about.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Split;
use super::flow::Step;
use super::fold_counts::FoldCounts;
use super::near_duplicates::summary::NearDuplicates;
use crate::imaging::resize::ResizeRule;
use crate::{Diagnosis, Error, Result};

/// The file's name within a dataset folder.
pub const FILE: &str = "dataset.json";

/// The version of the folder's layout. Another one is refused, with the advice to prepare again.
pub const FORMAT_VERSION: u32 = 1;

/// The contents of `dataset.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The class codes, in the order of every count below.
    pub classes: Vec<String>,
    /// Number of images, which is the number of manifest rows.
    pub images: usize,
    /// How each image was brought to its size; `resize.size` is the side of the stored images.
    pub resize: ResizeRule,
    /// Width divided by height of the photographs (the median of them) before they were made square: what
    /// turns them in their true proportions. 1 where the file does not say, or when they were cropped.
    #[serde(default = "square")]
    pub aspect: f64,
    /// The seed of the split.
    pub seed: u64,
    /// How duplicates were treated: `group`, `lesion` or `original`.
    pub dedupe: String,
    /// How parts were drawn, in words.
    pub split: String,
    /// What was held out for the test part, as `source=rosendahl`; empty if it was drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hold_out: Vec<String>,
    /// The folds that everything but the test part is divided into; empty if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<FoldCounts>,
    /// Images of different lesions that show the same skin; none where they were not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_duplicates: Option<NearDuplicates>,
    /// From the rows that were read to the parts; empty in folders of older programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flow: Vec<Step>,
    /// Images by part and class.
    pub counts: SplitCounts,
    /// Distinct lesions by part and class.
    pub lesions: SplitCounts,
    /// Rows of the metadata that are not in the manifest, by reason.
    pub dropped: Vec<Dropped>,
    /// Rows of the metadata before anything was dropped.
    pub rows_read: usize,
    /// Weights n / (7 × n_class) of the training part, 0 for a class that is absent there.
    pub class_weights: [f64; 7],
    /// SHA-256 of the files that the folder was made from and of the manifest and pixels.
    pub hashes: Hashes,
}

fn square() -> f64 {
    1.0
}

/// Seven counts for each part, in class order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitCounts {
    /// Of the training part.
    pub train: [usize; 7],
    /// Of the validation part.
    pub val: [usize; 7],
    /// Of the test part.
    pub test: [usize; 7],
}

impl SplitCounts {
    /// Counts items by part and class.
    pub fn of(items: impl IntoIterator<Item = (Split, Diagnosis)>) -> Self {
        let mut counts = Self::default();
        for (part, class) in items {
            let of_split = match part {
                Split::Train => &mut counts.train,
                Split::Val => &mut counts.val,
                Split::Test => &mut counts.test,
            };
            of_split[class.index()] += 1;
        }
        counts
    }

    /// The counts of one part.
    pub fn split(&self, part: Split) -> &[usize; 7] {
        match part {
            Split::Train => &self.train,
            Split::Val => &self.val,
            Split::Test => &self.test,
        }
    }
}

/// Rows left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Why, in a few words.
    pub reason: String,
    /// How many rows.
    pub rows: usize,
}

/// SHA-256 digests in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    /// Of the metadata file.
    pub metadata: String,
    /// Of all image files: the digest over their own digests (as hexadecimal text) in manifest order.
    pub images: String,
    /// Of `manifest.csv`. This one names the dataset in checkpoints.
    pub manifest: String,
    /// Of `pixels.bin`.
    pub pixels: String,
}

impl DatasetInfo {
    /// Reads the file and refuses one of another layout.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                Error::file(
                    path,
                    "not found, so this is no dataset folder",
                    "Name a folder that `skinlesion prepare` wrote.",
                )
            } else {
                Error::io("read", path)(source)
            }
        })?;
        let again = "Run `skinlesion prepare` again.";
        let value: serde_json::Value = serde_json::from_slice(&bytes)
            .map_err(|error| Error::file(path, format!("not valid JSON ({error})"), again))?;
        let version = value["format_version"].as_u64();
        if version != Some(FORMAT_VERSION.into()) {
            let found = version.map_or("none".to_owned(), |version| version.to_string());
            return Err(Error::file(
                path,
                format!("format version {found}, but this program reads {FORMAT_VERSION}"),
                again,
            ));
        }
        let info: Self = serde_json::from_value(value).map_err(|error| {
            Error::file(path, format!("not a dataset description ({error})"), again)
        })?;
        if !(info.aspect > 0.0 && info.aspect.is_finite()) {
            let problem = format!("an aspect of {} is none", info.aspect);
            return Err(Error::file(path, problem, again));
        }
        Ok(info)
    }
}
