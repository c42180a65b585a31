//! `dataset.json`: the contents of a dataset folder and how it was built.

use std::ops::RangeInclusive;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Split;
use super::flow::Step;
use super::fold_counts::FoldCounts;
use super::group_by::GroupBy;
use super::near_duplicates::summary::NearDuplicates;
use super::sources::Source;
use crate::imaging::resize::ResizeRule;
use crate::integrity::sealed::{self, Digests};
use crate::{Class, ClassList, Error, Result};

/// The file's name within a dataset folder.
pub const FILE: &str = "dataset.json";

/// The version of the folder's format. Other versions are refused.
pub const FORMAT_VERSION: u32 = 1;

/// The contents of `dataset.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The classes, in the order of every count below. Folders of older versions have their codes alone.
    pub classes: ClassList,
    /// Number of images, which is the number of manifest rows.
    pub images: usize,
    /// How each image was resized; `resize.size` is the side of the stored images, in pixels.
    pub resize: ResizeRule,
    /// Median width divided by height of the photographs before they were made square. Rotation needs it to preserve
    /// their proportions. 1 if they were cropped or the field is absent.
    #[serde(default = "square")]
    pub aspect: f64,
    /// The seed of the split.
    pub seed: u64,
    /// The deduplication rule: `group`, `lesion` or `original`.
    pub dedupe: String,
    /// What is in one split or fold as a whole.
    #[serde(default)]
    pub group_by: GroupBy,
    /// The split strategy, in words.
    pub split: String,
    /// The conditions of the lesions held out as the test split, such as `source=rosendahl`; empty if it was drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hold_out: Vec<String>,
    /// The folds of the lesions outside the test split; empty without cross-validation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<FoldCounts>,
    /// Near-duplicates; `None` if they were not searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_duplicates: Option<NearDuplicates>,
    /// The sample flow from the rows read to the splits; empty in folders written by older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flow: Vec<Step>,
    /// The sources that the metadata name, by name; empty if they name none and in folders of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Images by split and class.
    pub counts: SplitCounts,
    /// Distinct lesions by split and class.
    pub lesions: SplitCounts,
    /// Rows of the metadata that are not in the manifest, by reason.
    pub dropped: Vec<Dropped>,
    /// Rows of the metadata before anything was dropped.
    pub rows_read: usize,
    /// Class weights n / (classes × n_class) of the training split; 0 for an absent class.
    pub class_weights: Vec<f64>,
    /// SHA-256 digests of the source files, the manifest and the pixels.
    pub hashes: Hashes,
    /// Digests of every file of the folder; `None` in folders of older versions.
    #[serde(skip)]
    pub digests: Option<Digests>,
}

/// The possible values of [`DatasetInfo::aspect`].
const ASPECTS: RangeInclusive<f64> = 1e-3..=1e3;

fn square() -> f64 {
    1.0
}

/// A count of each class for each split, in class order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitCounts {
    /// Of the training split.
    pub train: Vec<usize>,
    /// Of the validation split.
    pub val: Vec<usize>,
    /// Of the test split.
    pub test: Vec<usize>,
}

impl SplitCounts {
    /// Counts items by split and class.
    pub fn of(classes: ClassList, items: impl IntoIterator<Item = (Split, Class)>) -> Self {
        let none = || vec![0; classes.len()];
        let mut counts = Self {
            train: none(),
            val: none(),
            test: none(),
        };
        for (split, class) in items {
            let of_split = match split {
                Split::Train => &mut counts.train,
                Split::Val => &mut counts.val,
                Split::Test => &mut counts.test,
            };
            of_split[class.index()] += 1;
        }
        counts
    }

    /// The counts of one split.
    pub fn split(&self, split: Split) -> &[usize] {
        match split {
            Split::Train => &self.train,
            Split::Val => &self.val,
            Split::Test => &self.test,
        }
    }
}

/// The rows that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The reason, in a few words.
    pub reason: String,
    /// The number of rows.
    pub rows: usize,
}

/// SHA-256 digests in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashes {
    /// Of the metadata file. Of several, the digest over their digests (as hexadecimal text), sorted.
    pub metadata: String,
    /// Of all image files: the digest over their own digests (as hexadecimal text) in manifest order.
    pub images: String,
    /// Of `manifest.csv`. Checkpoints identify the dataset by this digest.
    pub manifest: String,
    /// Of `pixels.bin`.
    pub pixels: String,
}

impl DatasetInfo {
    /// The list of numbers whose length is not that of the class list.
    fn wrong_lengths(&self) -> Option<String> {
        let splits = [&self.counts, &self.lesions].map(|of| [&of.train, &of.val, &of.test]);
        let folds = self
            .folds
            .iter()
            .flat_map(|fold| [&fold.images, &fold.validated]);
        let sources = self.sources.iter().map(|source| &source.images);
        let lengths = (splits
            .as_flattened()
            .iter()
            .copied()
            .chain(folds)
            .chain(sources))
        .map(Vec::len)
        .chain([self.class_weights.len()]);
        let wrong = lengths
            .into_iter()
            .find(|&length| length != self.classes.len());
        wrong.map(|length| {
            let classes = self.classes.len();
            format!("it has a list of {length} numbers for {classes} classes")
        })
    }

    /// Reads the file. Returns an error if its format version is not [`FORMAT_VERSION`].
    pub fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::file(
                path,
                "not found, so this is not a dataset folder",
                "Name a folder that `skinlesion prepare` wrote.",
            ));
        }
        let again = "Run `skinlesion prepare` again.";
        let (bytes, digests) = sealed::read(path, again)?;
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
        let mut info: Self = serde_json::from_value(value).map_err(|error| {
            Error::file(path, format!("not a dataset description ({error})"), again)
        })?;
        info.digests = digests;
        let problem = if let Some(problem) = info.wrong_lengths() {
            problem
        } else if !ASPECTS.contains(&info.aspect) {
            format!("aspect is {}, but must be from 0.001 to 1000", info.aspect)
        } else if !info
            .class_weights
            .iter()
            .all(|weight| weight.is_finite() && *weight >= 0.0)
        {
            "its class weights are not numbers from 0".to_owned()
        } else {
            return Ok(info);
        };
        Err(Error::file(path, problem, again))
    }
}
