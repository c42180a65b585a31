//! How an exported file compares with the checkpoint that it was written from.

use serde::{Deserialize, Serialize};

/// How a file compares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The engine that it was run in.
    pub engine: String,
    /// On how many images.
    pub images: usize,
    /// What kind of images.
    pub of: String,
    /// Largest difference of any probability.
    pub max_difference: f64,
    /// Mean difference of all probabilities.
    pub mean_difference: f64,
    /// Images whose likeliest class is the same.
    pub same_top1: usize,
    /// Time for one image given by itself, on the CPU of the machine that exported, in milliseconds.
    pub milliseconds: f64,
    /// What its answers are worth, where the truth is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
}

/// What a file's answers are worth, and how much more or less that is than the checkpoint's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Share of images answered rightly.
    pub accuracy: Option<f64>,
    /// Mean recall of the classes.
    pub balanced_accuracy: Option<f64>,
    /// Of the melanomas, the share found.
    pub melanoma_recall: Option<f64>,
    /// Its balanced accuracy less the checkpoint's.
    pub balanced_accuracy_change: Option<f64>,
    /// Its melanoma recall less the checkpoint's.
    pub melanoma_recall_change: Option<f64>,
}
