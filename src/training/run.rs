//! A run of training, from its start to its end; the same for both phases.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::config::TrainingConfig;
use super::history::Epoch;
use crate::Diagnosis;
use crate::dataset::Dataset;

/// A run to be made.
pub struct TrainingRun<'a> {
    /// The data.
    pub dataset: &'a Dataset,
    /// The settings.
    pub config: &'a TrainingConfig,
    /// The checkpoint folder, which exists.
    pub folder: &'a Path,
    /// Whether to go on from the folder's last checkpoint.
    pub resume: bool,
    /// Set from outside to stop after the step.
    pub stop: &'a AtomicBool,
}

/// How a run ended.
pub struct TrainingResult {
    /// The best epoch, and the figure that chose it.
    pub best: Option<(usize, f64)>,
    /// Every epoch that was finished.
    pub history: Vec<Epoch>,
    /// Whether it was stopped from outside.
    pub interrupted: bool,
    /// The weights of the classes in the loss.
    pub class_weights: [f64; Diagnosis::COUNT],
    /// Images trained on.
    pub train_images: usize,
    /// Images validated on.
    pub val_images: usize,
}
