//! The comparison of an exported file with its checkpoint.

use serde::{Deserialize, Serialize};

/// The result of running an exported file and comparing it with the checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The inference engine that ran the file.
    pub engine: String,
    /// The number of images.
    pub images: usize,
    /// The kind of images, in the plural.
    pub of: String,
    /// Largest absolute difference of a probability.
    pub max_difference: f64,
    /// Mean absolute difference of the probabilities.
    pub mean_difference: f64,
    /// The number of images with the same top-1 class.
    pub same_top1: usize,
    /// Metrics, if the images have labels, or those of `scored`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// What was scored instead, if the network has no labelled images of its own: the network of a fold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scored: Option<String>,
    /// The comparison of the novelty scores, if the file has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<NoveltyCheck>,
}

/// The comparison of an exported file's novelty scores with the checkpoint's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoveltyCheck {
    /// Largest absolute difference, as a fraction of the threshold or of the score, whichever is larger.
    pub max_difference: f64,
    /// The number of images that the file flags.
    pub flagged: usize,
    /// The number of images that only one of the two flags.
    pub changed: usize,
}

/// Metrics of an exported file, and their differences from the checkpoint's. All are fractions, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Accuracy.
    pub accuracy: Option<f64>,
    /// Balanced accuracy, the mean recall of the classes.
    pub balanced_accuracy: Option<f64>,
    /// Melanoma recall.
    pub melanoma_recall: Option<f64>,
    /// Balanced accuracy minus the checkpoint's.
    pub balanced_accuracy_change: Option<f64>,
    /// Melanoma recall minus the checkpoint's.
    pub melanoma_recall_change: Option<f64>,
    /// The same for the balanced decision rule, if it was fitted; the metrics above are those of the likeliest class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced: Option<BalancedScore>,
}

/// Metrics of the balanced decision rule, and their differences from the checkpoint's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BalancedScore {
    /// Balanced accuracy.
    pub balanced_accuracy: Option<f64>,
    /// Melanoma recall.
    pub melanoma_recall: Option<f64>,
    /// Balanced accuracy minus the checkpoint's.
    pub balanced_accuracy_change: Option<f64>,
    /// Melanoma recall minus the checkpoint's.
    pub melanoma_recall_change: Option<f64>,
}
